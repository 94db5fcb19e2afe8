#include "config/operators.hpp"

#include "config/limits.hpp"
#include "config/secret.hpp"

#include <cmath>
#include <cstdint>
#include <string>

namespace troupe::config {

namespace {

using ast::binary_operator;

tl::unexpected<misfit> refuse(std::string message, std::size_t operand) {
  return tl::make_unexpected(misfit{std::move(message), {}, operand});
}

bool accepts(binary_operator op, kind k) {
  switch (op) {
    case binary_operator::either:
    case binary_operator::both:
      return k == kind::boolean;
    case binary_operator::add:
      return k == kind::number || k == kind::string || k == kind::capsule;
    case binary_operator::less:
    case binary_operator::less_equal:
    case binary_operator::greater:
    case binary_operator::greater_equal:
      return k == kind::number || k == kind::string;
    case binary_operator::equal:
    case binary_operator::not_equal:
      return true;
    default:
      return k == kind::number;
  }
}

std::string_view accepted(binary_operator op) {
  switch (op) {
    case binary_operator::either:
    case binary_operator::both:
      return "[bool]";
    case binary_operator::add:
      return "[number string capsule]";
    case binary_operator::less:
    case binary_operator::less_equal:
    case binary_operator::greater:
    case binary_operator::greater_equal:
      return "[number string]";
    default:
      return "[number]";
  }
}

/// What a text operand is, hidden or not.
struct text_operand {
  enum class cover { plain, optional, always } how = cover::plain;
  std::string text;
  bool is_secret = false;
};

std::optional<text_operand> as_text(const value& v) {
  using enum text_operand::cover;
  if (const std::string* text = v.as_string()) return text_operand{plain, *text, false};
  if (const auto maybe = v.as<optional_secret>()) return text_operand{optional, maybe->reveal(), maybe->is_secret()};
  if (const auto s = v.as<secret>()) return text_operand{always, s->reveal(), true};
  return std::nullopt;
}

value from_text(text_operand::cover how, bool is_secret, std::string text) {
  if (how == text_operand::cover::always) return make_secret(std::move(text));
  if (how == text_operand::cover::optional) return make_optional_secret(std::move(text), is_secret);
  return {std::move(text)};
}

// Texts that meet take the stricter cover; an optional secret that is none is a string beside a string.
void level_covers(value& left, value& right) {
  if (!left.is(kind::capsule) && !right.is(kind::capsule)) return;
  const auto a = as_text(left);
  const auto b = as_text(right);
  if (!a || !b || a->how == b->how) return;
  using enum text_operand::cover;
  auto how = std::max(a->how, b->how);
  const bool is_secret = a->is_secret || b->is_secret;
  if (how == optional && !is_secret) how = plain;
  left = from_text(how, is_secret, a->text);
  right = from_text(how, is_secret, b->text);
}

fitted<value> add_texts(const value& left, const value& right) {
  const auto a = as_text(left);
  const auto b = as_text(right);
  if (!a || !b) {
    return refuse("could not perform binop + for unknown types lhs " + std::string(name_of(left.type())) + " rhs " +
                      std::string(name_of(right.type())),
                  0);
  }
  if (a->text.size() + b->text.size() > max_text_bytes) {
    return refuse("makes a text of more than " + std::to_string(max_text_bytes) + " bytes", 0);
  }
  return from_text(a->how, a->is_secret || b->is_secret, a->text + b->text);
}

template <class T>
std::optional<bool> compare(binary_operator op, const T& a, const T& b) {
  switch (op) {
    case binary_operator::less:
      return a < b;
    case binary_operator::less_equal:
      return a <= b;
    case binary_operator::greater:
      return a > b;
    case binary_operator::greater_equal:
      return a >= b;
    default:
      return std::nullopt;
  }
}

// Square and multiply; wraps around as the other operators do.
std::uint64_t whole_power(std::uint64_t base, std::uint64_t exponent) {
  std::uint64_t result = 1;
  for (; exponent > 0; exponent >>= 1U, base *= base) {
    if ((exponent & 1U) != 0) result *= base;
  }
  return result;
}

value compute(binary_operator op, double a, double b) {
  switch (op) {
    case binary_operator::add:
      return a + b;
    case binary_operator::subtract:
      return a - b;
    case binary_operator::multiply:
      return a * b;
    case binary_operator::divide:
      return a / b;
    case binary_operator::modulo:
      return std::fmod(a, b);
    default:
      return std::pow(a, b);
  }
}

// Two's complement: sums, differences and products of both kinds are the same bits.
value compute(binary_operator op, std::uint64_t a, std::uint64_t b, bool is_signed) {
  const auto made = [&](std::uint64_t bits) {
    return is_signed ? value(static_cast<std::int64_t>(bits)) : value(bits);
  };
  const auto ia = static_cast<std::int64_t>(a);
  const auto ib = static_cast<std::int64_t>(b);
  switch (op) {
    case binary_operator::add:
      return made(a + b);
    case binary_operator::subtract:
      return made(a - b);
    case binary_operator::multiply:
      return made(a * b);
    case binary_operator::divide:
      if (!is_signed) return made(a / b);
      return ib == -1 ? made(0 - a) : value(ia / ib);  // the lowest integer has no negative
    case binary_operator::modulo:
      if (!is_signed) return made(a % b);
      return ib == -1 ? value(std::int64_t{0}) : value(ia % ib);
    default:
      if (is_signed && ib < 0) return std::pow(static_cast<double>(ia), static_cast<double>(ib));
      return made(whole_power(a, b));
  }
}

fitted<value> apply_numbers(binary_operator op, const number& a, const number& b) {
  const bool divides = op == binary_operator::divide || op == binary_operator::modulo;
  if (divides && b.to_double() == 0) return refuse("divide by zero error", 1);
  if (a.is_float() || b.is_float()) {
    if (const auto result = compare(op, a.to_double(), b.to_double())) return value(*result);
    return compute(op, a.to_double(), b.to_double());
  }
  const bool is_signed = a.is_signed() || b.is_signed();
  const auto result = is_signed ? compare(op, a.to_int64(), b.to_int64()) : compare(op, a.to_uint64(), b.to_uint64());
  if (result) return value(*result);
  return compute(op, a.to_uint64(), b.to_uint64(), is_signed);
}

}  // namespace

fitted<value> apply(binary_operator op, const value& original_left, const value& original_right) {
  value left = original_left;
  value right = original_right;
  level_covers(left, right);
  if (op == binary_operator::equal) return value(left == right);
  if (op == binary_operator::not_equal) return value(!(left == right));
  for (const std::size_t operand : {0, 1}) {
    const value& v = operand == 0 ? left : right;
    if (accepts(op, v.type())) continue;
    return refuse("should be one of " + std::string(accepted(op)) + " for binop " + std::string(text_of(op)) +
                      ", got " + std::string(name_of(v.type())),
                  operand);
  }
  if (left.type() != right.type()) {
    misfit why = type_misfit(left.type(), right);
    why.argument = 1;
    return tl::make_unexpected(std::move(why));
  }
  if (left.is(kind::boolean)) {
    const bool both = op == binary_operator::both;
    return value(both ? *left.as_bool() && *right.as_bool() : *left.as_bool() || *right.as_bool());
  }
  if (left.is(kind::number)) return apply_numbers(op, *left.as_number(), *right.as_number());
  if (op == binary_operator::add) return add_texts(left, right);
  return value(compare(op, *left.as_string(), *right.as_string()).value_or(false));
}

fitted<value> apply(ast::unary_operator op, const value& operand) {
  if (op == ast::unary_operator::invert) {
    if (const bool* b = operand.as_bool()) return value(!*b);
    misfit why = type_misfit(kind::boolean, operand);
    why.argument = 0;
    return tl::make_unexpected(std::move(why));
  }
  const number* n = operand.as_number();
  if (n == nullptr) {
    misfit why = type_misfit(kind::number, operand);
    why.argument = 0;
    return tl::make_unexpected(std::move(why));
  }
  if (n->is_float()) return value(-n->to_double());
  return value(static_cast<std::int64_t>(0 - n->to_uint64()));
}

}  // namespace troupe::config
