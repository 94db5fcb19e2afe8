#pragma once

#include "config/ast.hpp"
#include "config/diagnostic.hpp"
#include "config/stdlib.hpp"
#include "config/value.hpp"

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// Variables by name, over a parent's. The parent must outlive it; a null parent ends the search.
class scope {
 public:
  explicit scope(const scope* parent = &stdlib()) : parent_(parent) {}

  void set(std::string name, value v) { variables_.insert_or_assign(std::move(name), std::move(v)); }
  /// Null when neither this scope nor a parent knows the name. Valid until the next set().
  [[nodiscard]] const value* find(std::string_view name) const;

 private:
  std::map<std::string, value, std::less<>> variables_;
  const scope* parent_;
};

template <class T>
using evaluated = tl::expected<T, diagnostics>;

/// Whether messages may show what is written, or stands where a secret is wanted: they say `(secret)` then.
enum class written_as { shown, secret };

/// The expression's value. Every error that can be told apart is in the diagnostics, at the expression that caused it.
/// Nothing is short-circuited: both sides of `&&` and `||` are evaluated.
[[nodiscard]] evaluated<value> evaluate(const ast::expression& e, const scope& names,
                                        written_as how = written_as::shown);

/// A diagnostic `<printed expression><path> <message>` at the innermost expression that the path leads to through array
/// and object literals; the rest of the path is appended to its text. For whoever decodes the value of `e`. Of the
/// misfit's others nothing is said.
[[nodiscard]] diagnostic misfit_at(const ast::expression& e, const misfit& why, const value& whole,
                                   written_as how = written_as::shown);

/// A traversal `a.b.c` that starts with a variable. Parts stop at the first call or index.
struct reference {
  struct part {
    std::string name;
    range where;
  };
  std::vector<part> parts;  ///< at least one
  range where;              ///< from the first part to the last

  /// The first `count` parts, joined by dots.
  [[nodiscard]] std::string text(std::size_t count = static_cast<std::size_t>(-1)) const;
};

/// Every traversal anywhere inside, in order of appearance.
[[nodiscard]] std::vector<reference> references(const ast::expression& e);
[[nodiscard]] std::vector<reference> references(const ast::body& statements);

}  // namespace troupe::config
