#pragma once

#include "config/ast.hpp"
#include "config/diagnostic.hpp"

#include <optional>
#include <string_view>

namespace troupe::config {

/// Parses a whole text. Errors are added to `out`, all that can be told apart; the tree then holds what could be read
/// and is good for showing, not for running. Never throws on input.
ast::file parse(const source_ref& source, diagnostics& out);

/// A lone expression and the text it points into.
struct parsed_expression {
  source_ref source;
  ast::expression root;
};

/// Parses one expression that fills the whole text; nothing when there was an error.
std::optional<parsed_expression> parse_expression(const source_ref& source, diagnostics& out);

/// Letter or `_`, then letters, digits and `_`; letters and digits of all scripts. What labels must be.
bool is_identifier(std::string_view text);

}  // namespace troupe::config
