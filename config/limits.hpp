#pragma once

#include <cstddef>

namespace troupe::config {

/// A text larger than this is refused before it is scanned.
inline constexpr std::size_t max_source_bytes = std::size_t{16} << 20;

/// How deep blocks and expressions may nest, and how long a chain of operators or of `.field` may get (each link is a
/// level of the tree). Bounds the stack of everything that walks a tree.
inline constexpr std::size_t max_depth = 256;

/// How many expressions and statements a text may hold: bounds the memory of its tree.
inline constexpr std::size_t max_nodes = 2'000'000;

/// So many errors, and as many warnings, are kept; further ones are only counted, as nobody would read them. Parsing
/// stops there.
inline constexpr std::size_t max_errors = 1000;

/// Neighbouring lines are aligned with a text of at most so many characters: what is longer would pad them all.
inline constexpr std::size_t max_aligned_width = 400;

/// How many culprits within one value (a list, a map) are told.
inline constexpr std::size_t max_misfits = 4;

/// How deep a value may nest that comes from a document (encoding.from_json).
inline constexpr std::size_t max_value_depth = 256;

/// The longest text and the most elements that a standard library function makes.
inline constexpr std::size_t max_text_bytes = std::size_t{64} << 20;
inline constexpr std::size_t max_elements = 1'000'000;

}  // namespace troupe::config
