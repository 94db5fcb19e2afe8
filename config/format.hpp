#pragma once

#include "config/ast.hpp"
#include "config/diagnostic.hpp"

#include <string>

namespace troupe::config {

/// The text as `fmt` writes it: equal to its own formatting. Diagnostics when it doesn't parse.
tl::expected<std::string, diagnostics> format(const source_ref& source);

/// An expression in one line where it can be: what messages show of it.
std::string print(const ast::expression& e);

}  // namespace troupe::config
