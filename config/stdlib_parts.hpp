#pragma once

#include "config/value.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace troupe::config {

/// What the files of the standard library share. An entry's name is its last part: `join`, not `string.join`.
using library = std::vector<object::entry>;
using arguments = std::span<const value>;

library text_functions();      ///< string.*
library encoding_functions();  ///< encoding.*
library array_functions();     ///< array.*

/// Go's Sprintf; misfits for what has no text (a secret) and for results that are too long.
fitted<std::string> format_text(const std::string& pattern, arguments values);

/// The JSON of a value that was an object, keys sorted; from_json()'s inverse.
fitted<std::string> to_json(const value& v);
fitted<value> from_json(const std::string& text);

/// A function that wants exactly `count` arguments, or at least so many.
object::entry fixed(std::string name, std::size_t count, function::body run);
object::entry variadic(std::string name, std::size_t least, function::body run);

/// About an argument.
tl::unexpected<misfit> refuse(std::string message, std::size_t argument = misfit::no_argument);
tl::unexpected<misfit> at_argument(misfit why, std::size_t argument);

/// The text of an argument that converts to a string.
fitted<std::string> text_argument(arguments given, std::size_t i);

}  // namespace troupe::config
