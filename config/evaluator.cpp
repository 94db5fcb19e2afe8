#include "config/evaluator.hpp"

#include "config/format.hpp"
#include "config/limits.hpp"
#include "config/operators.hpp"
#include "config/unicode.hpp"

#include <optional>
#include <utility>

namespace troupe::config {

const value* scope::find(std::string_view name) const {
  for (const scope* s = this; s != nullptr; s = s->parent_) {
    const auto found = s->variables_.find(name);
    if (found != s->variables_.end()) return &found->second;
  }
  return nullptr;
}

namespace {

constexpr const char* hidden = "(secret)";

/// Walks an expression. Nothing means that the diagnostics say why; then the errors of the other branches are still
/// collected.
class evaluation {
 public:
  evaluation(const scope& names, written_as how) : names_(names), how_(how) {}

  std::optional<value> run(const ast::expression& e) {
    if (depth_ >= max_depth) {
      return fail_at(e.where, "nested deeper than " + std::to_string(max_depth) + " levels");
    }
    ++depth_;
    auto result = std::visit([&](const auto& node) { return run(e, node); }, e.node);
    --depth_;
    return result;
  }

  [[nodiscard]] diagnostics take_errors() { return std::move(errors_); }

 private:
  std::nullopt_t fail_at(range where, std::string message) {
    errors_.error(where, std::move(message));
    return std::nullopt;
  }

  std::nullopt_t fail(const ast::expression& culprit, const misfit& why, const value& v) {
    errors_.add(misfit_at(culprit, why, v, how_));
    return std::nullopt;
  }

  std::optional<value> run(const ast::expression& e, const ast::literal& literal) {
    switch (literal.kind) {
      case ast::literal_kind::null:
        return value();
      case ast::literal_kind::boolean:
        return value(literal.text == "true");
      case ast::literal_kind::string:
        return value(unquoted(literal.text));
      case ast::literal_kind::number:
      case ast::literal_kind::floating:
        break;
    }
    const auto parsed = number_from_literal(literal.text, literal.kind == ast::literal_kind::floating);
    if (parsed) return value(*parsed);
    return fail_at(e.where,
                   "number " + (how_ == written_as::secret ? std::string(hidden) : literal.text) + " is out of range");
  }

  std::optional<value> run(const ast::expression& e, const ast::variable& variable) {
    const value* found = names_.find(variable.name);
    if (found == nullptr) return fail_at(e.where, "identifier " + quoted(variable.name) + " does not exist");
    if (variable.name == module_path_name && found == stdlib().find(module_path_name))
      return module_path(e.where.source->name());
    return *found;
  }

  std::optional<value> run(const ast::expression&, const ast::paren& paren) { return run(*paren.inner); }

  std::optional<array> run_all(const std::vector<ast::expression>& list) {
    array values;
    values.reserve(list.size());
    for (const auto& one : list) {
      if (auto v = run(one)) values.push_back(std::move(*v));
    }
    if (values.size() != list.size()) return std::nullopt;
    return values;
  }

  std::optional<value> run(const ast::expression&, const ast::array& node) {
    auto values = run_all(node.elements);
    if (!values) return std::nullopt;
    return value(std::move(*values));
  }

  std::optional<value> run(const ast::expression&, const ast::object& node) {
    std::vector<object::entry> entries;
    entries.reserve(node.fields.size());
    for (const auto& field : node.fields) {
      if (auto v = run(field.value)) entries.emplace_back(field.name.name, std::move(*v));
    }
    if (entries.size() != node.fields.size()) return std::nullopt;
    return value(object(std::move(entries)));
  }

  std::optional<value> run(const ast::expression&, const ast::access& node) {
    const auto whole = run(*node.value);
    if (!whole) return std::nullopt;
    const object* fields = whole->as_object();
    const auto c = whole->as_capsule();
    if (fields == nullptr && c != nullptr) {
      fields = c->fields();
      if (fields == nullptr) {
        return fail(*node.value, {"expected object or array or a capsule convertible to an object, got capsule", {}},
                    *whole);
      }
    }
    if (fields == nullptr) {
      return fail(
          *node.value,
          {"cannot access field " + quoted(node.name.name) + " on value of type " + std::string(name_of(whole->type())),
           {}},
          *whole);
    }
    if (const value* found = fields->find(node.name.name)) return *found;
    return fail_at(node.name.where, "field " + quoted(node.name.name) + " does not exist");
  }

  std::optional<value> run(const ast::expression&, const ast::index& node) {
    const auto whole = run(*node.value);
    const auto key = run(*node.key);
    if (!whole || !key) return std::nullopt;
    if (const array* elements = whole->as_array()) return element(*elements, *node.key, *key);
    const object* fields = whole->as_object();
    const auto c = whole->as_capsule();
    if (c != nullptr) fields = c->fields();
    if (fields == nullptr) {
      return fail(*node.value,
                  {c != nullptr ? "expected object or array or a capsule convertible to an object, got capsule"
                                : "expected object or array, got " + std::string(name_of(whole->type())),
                   {}},
                  *whole);
    }
    const std::string* name = key->as_string();
    if (name == nullptr) return fail(*node.key, type_misfit(kind::string, *key), *key);
    const value* found = fields->find(*name);
    return found != nullptr ? *found : value();
  }

  std::optional<value> element(const array& elements, const ast::expression& key_node, const value& key) {
    const number* n = key.as_number();
    if (n == nullptr) return fail(key_node, type_misfit(kind::number, key), key);
    const std::int64_t i = n->to_int64();
    if (i < 0 || static_cast<std::uint64_t>(i) >= elements.size()) {
      return fail(
          key_node,
          {"index " + std::to_string(i) + " is out of range of array with length " + std::to_string(elements.size()),
           {}},
          key);
    }
    return elements[static_cast<std::size_t>(i)];
  }

  std::optional<value> run(const ast::expression&, const ast::call& node) {
    const auto callee = run(*node.function);
    const auto arguments = run_all(node.arguments);
    if (!callee) return std::nullopt;
    const function* f = callee->as_function();
    if (f == nullptr) return fail(*node.function, type_misfit(kind::function, *callee), *callee);
    if (!arguments) return std::nullopt;
    auto result = (*f)(*arguments);
    if (result) return std::move(*result);
    const std::size_t at = result.error().argument;
    if (at < arguments->size()) return fail(node.arguments[at], result.error(), (*arguments)[at]);
    return fail(*node.function, result.error(), *callee);
  }

  std::optional<value> run(const ast::expression&, const ast::unary& node) {
    const auto operand = run(*node.value);
    if (!operand) return std::nullopt;
    auto result = apply(node.op, *operand);
    if (!result) return fail(*node.value, result.error(), *operand);
    return std::move(*result);
  }

  std::optional<value> run(const ast::expression&, const ast::binary& node) {
    const auto left = run(*node.left);
    const auto right = run(*node.right);
    if (!left || !right) return std::nullopt;
    auto result = apply(node.op, *left, *right);
    if (result) return std::move(*result);
    const bool is_left = result.error().argument == 0;
    return fail(is_left ? *node.left : *node.right, result.error(), is_left ? *left : *right);
  }

  const scope& names_;
  written_as how_;
  diagnostics errors_;
  std::size_t depth_ = 0;
};

// The part of the tree that a step leads to; null when it isn't written there.
const ast::expression* written_at(const ast::expression& e, const path_step& step) {
  if (const auto* paren = e.as<ast::paren>()) return written_at(*paren->inner, step);
  if (const auto* i = std::get_if<std::size_t>(&step.key)) {
    const auto* list = e.as<ast::array>();
    return list != nullptr && *i < list->elements.size() ? &list->elements[*i] : nullptr;
  }
  const auto* fields = e.as<ast::object>();
  if (fields == nullptr) return nullptr;
  const ast::expression* last = nullptr;
  for (const auto& field : fields->fields) {
    if (field.name.name == std::get<std::string>(step.key)) last = &field.value;
  }
  return last;
}

const value* held_at(const value& v, const path_step& step) {
  if (const auto* i = std::get_if<std::size_t>(&step.key)) {
    const array* list = v.as_array();
    return list != nullptr && *i < list->size() ? &(*list)[*i] : nullptr;
  }
  const object* fields = v.as_object();
  const auto c = v.as_capsule();
  if (c != nullptr) fields = c->fields();
  return fields != nullptr ? fields->find(std::get<std::string>(step.key)) : nullptr;
}

std::string shortened(std::string text) {
  constexpr std::size_t most = 4096;
  if (text.size() <= most) return text;
  std::size_t end = most;
  while ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80)
    --end;
  return text.substr(0, end) + "…";
}

}  // namespace

evaluated<value> evaluate(const ast::expression& e, const scope& names, written_as how) {
  evaluation walk(names, how);
  auto result = walk.run(e);
  if (!result) return tl::make_unexpected(walk.take_errors());
  return std::move(*result);
}

diagnostic misfit_at(const ast::expression& e, const misfit& why, const value& whole, written_as how) {
  const ast::expression* culprit = &e;
  const value* held = &whole;
  std::string path;
  for (const auto& step : why.path) {
    if (held != nullptr) held = held_at(*held, step);
    const ast::expression* inner = path.empty() ? written_at(*culprit, step) : nullptr;
    if (inner != nullptr) {
      culprit = inner;
    } else if (const auto* i = std::get_if<std::size_t>(&step.key)) {
      path += "[" + std::to_string(*i) + "]";
    } else {
      path += "." + std::get<std::string>(step.key);
    }
  }
  const bool secret = how == written_as::secret;
  std::string shown;
  if (!path.empty() && held != nullptr && !secret) shown = shortened(print(*held));
  std::string text = print(*culprit);
  // Names alone are no secrets: they say what is meant.
  if (secret && text.find_first_of("\"`0123456789") != std::string::npos) text = hidden;
  return {severity::error, culprit->where, shortened(std::move(text)) + shortened(std::move(path)) + " " + why.message,
          std::move(shown)};
}

}  // namespace troupe::config
