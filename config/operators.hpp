#pragma once

#include "config/ast.hpp"
#include "config/value.hpp"

namespace troupe::config {

/// A misfit of an operator: `argument` is 0 for the left operand, 1 for the right one.
fitted<value> apply(ast::binary_operator op, const value& left, const value& right);
fitted<value> apply(ast::unary_operator op, const value& operand);

}  // namespace troupe::config
