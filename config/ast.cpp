#include "config/ast.hpp"

namespace troupe::config::ast {

std::string block::full_name() const {
  std::string joined;
  for (const auto& part : name) {
    if (!joined.empty()) joined += '.';
    joined += part.name;
  }
  return joined;
}

std::string block::id() const {
  return label.empty() ? full_name() : full_name() + "." + label;
}

range statement::where() const {
  return std::visit([](const auto& s) { return s.where; }, node);
}

std::string_view text_of(binary_operator op) {
  switch (op) {
    case binary_operator::either:
      return "||";
    case binary_operator::both:
      return "&&";
    case binary_operator::equal:
      return "==";
    case binary_operator::not_equal:
      return "!=";
    case binary_operator::less:
      return "<";
    case binary_operator::less_equal:
      return "<=";
    case binary_operator::greater:
      return ">";
    case binary_operator::greater_equal:
      return ">=";
    case binary_operator::add:
      return "+";
    case binary_operator::subtract:
      return "-";
    case binary_operator::multiply:
      return "*";
    case binary_operator::divide:
      return "/";
    case binary_operator::modulo:
      return "%";
    case binary_operator::power:
      return "^";
  }
  return "";
}

std::string_view text_of(unary_operator op) {
  return op == unary_operator::negate ? "-" : "!";
}

}  // namespace troupe::config::ast
