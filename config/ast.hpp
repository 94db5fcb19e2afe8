#pragma once

#include "config/source.hpp"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace troupe::config::ast {

struct expression;
struct field;
struct statement;
using expression_ptr = std::unique_ptr<expression>;  ///< never null in a tree that the parser made

struct identifier {
  std::string name;
  range where;
};

enum class literal_kind { null, boolean, number, floating, string };

/// As written: quotes, escapes and leading zeros are still there.
struct literal {
  literal_kind kind = literal_kind::null;
  std::string text;
};

/// `name`: a variable.
struct variable {
  std::string name;
};

/// `[a, b]`
struct array {
  std::vector<expression> elements;
};

/// `{ a = 1, "b c" = 2 }`. A key that is written twice is here twice; the later one counts.
struct object {
  std::vector<field> fields;
};

/// `value.name`
struct access {
  expression_ptr value;
  identifier name;
};

/// `value[key]`
struct index {
  expression_ptr value;
  expression_ptr key;
};

/// `function(arguments…)`
struct call {
  expression_ptr function;
  std::vector<expression> arguments;
};

enum class unary_operator { negate, invert };

struct unary {
  unary_operator op = unary_operator::negate;
  expression_ptr value;
};

enum class binary_operator {
  either,
  both,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  power
};

struct binary {
  binary_operator op = binary_operator::add;
  range op_where;
  expression_ptr left;
  expression_ptr right;
};

/// `(inner)`
struct paren {
  expression_ptr inner;
};

struct expression {
  range where;
  std::size_t depth = 1;  ///< levels of the tree from here down, at most max_depth
  std::variant<literal, variable, array, object, access, index, call, unary, binary, paren> node;

  /// The node if it is a T, else null.
  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&node);
  }
};

struct field {
  identifier name;  ///< `where` includes the quotes of a quoted key, `name` doesn't (and keeps escapes as written)
  bool quoted = false;
  expression value;
};

using body = std::vector<statement>;

/// `name = value`
struct attribute {
  identifier name;
  expression value;
  range where;
};

/// `a.b "label" { … }`
struct block {
  std::vector<identifier> name;  ///< at least one part
  std::string label;             ///< empty: none (`""` is none as well)
  range label_where;             ///< with its quotes; false when nothing is written
  range open;                    ///< the `{`
  range close;                   ///< the `}`
  body statements;
  range where;

  /// `a.b`
  [[nodiscard]] std::string full_name() const;
  /// `a.b.label`, `a.b` without a label: what the rest of the configuration calls it.
  [[nodiscard]] std::string id() const;
  /// From the name to the `{`: where messages about the block as a whole point.
  [[nodiscard]] range head() const { return join(name.front().where, open); }
};

struct statement {
  std::variant<attribute, block> node;

  [[nodiscard]] const attribute* as_attribute() const { return std::get_if<attribute>(&node); }
  [[nodiscard]] const block* as_block() const { return std::get_if<block>(&node); }
  [[nodiscard]] range where() const;
};

struct comment {
  range where;  ///< `//…` without the line's end, or `/*…*/`
};

/// One parsed text. Owns its tree and keeps the source alive that all ranges point into. Move-only.
struct file {
  source_ref source;
  body statements;
  std::vector<comment> comments;  ///< in order; they are not part of the tree
};

/// How an operator is written.
std::string_view text_of(binary_operator op);
std::string_view text_of(unary_operator op);

}  // namespace troupe::config::ast
