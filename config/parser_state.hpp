#pragma once

#include "config/ast.hpp"
#include "config/diagnostic.hpp"
#include "config/scanner.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace troupe::config {

/// Recursive descent over the grammar of the language, one token ahead. After an error it goes on where the next
/// statement or element can start, so that every mistake is reported; a second one on the same line is not.
class parser_state {
 public:
  parser_state(const source_file& source, diagnostics& out);

  ast::body parse_body(token_kind until);
  ast::expression parse_expression();

  /// After the lone expression of a text.
  void expect_end();

  [[nodiscard]] std::vector<ast::comment> take_comments() { return std::move(comments_); }

 private:
  struct block_name {
    std::vector<ast::identifier> parts;
    std::string label;
    range label_where;
    bool broken = false;
  };
  class deeper;  // counts levels while it lives

  // tokens
  void next();
  [[nodiscard]] bool at(token_kind kind) const { return now_.kind == kind; }
  [[nodiscard]] range here() const { return {&source_, now_.begin, now_.end}; }
  [[nodiscard]] std::string text() const { return std::string(here().text()); }
  range expect(token_kind kind);
  void skip_statement();
  void skip_to_separator();

  // errors
  void error_here(std::string message);
  void error_at(range where, std::string message);
  void stop(range where, std::string message);

  // statements
  void parse_statement(ast::body& into);
  block_name parse_block_name();
  void parse_label(block_name& name);
  void parse_attribute(block_name name, ast::body& into);
  void parse_block(block_name name, ast::body& into);

  // expressions, from what binds least to what binds most
  ast::expression parse_binary(int least_precedence);
  ast::expression parse_power();
  ast::expression parse_unary();
  ast::expression parse_postfix();
  ast::expression parse_primary();
  ast::expression parse_array();
  ast::expression parse_object();
  bool refuse_block(const ast::expression& before);
  std::vector<ast::expression> parse_list(token_kind until);
  ast::field parse_field();
  [[nodiscard]] bool list_was_left_open() const;
  [[nodiscard]] bool nesting_refused();

  /// Counts the node and sets its depth from its children's.
  template <class Node>
  ast::expression made(range where, Node node, std::size_t depth_below);

  const source_file& source_;
  diagnostics& out_;
  scanner scanner_;
  scanner::listener listener_;
  token now_;
  std::vector<ast::comment> comments_;
  std::uint32_t last_error_line_ = 0;
  std::size_t errors_ = 0;
  std::size_t nodes_ = 0;
  std::size_t depth_ = 0;
  bool stopped_ = false;
};

}  // namespace troupe::config
