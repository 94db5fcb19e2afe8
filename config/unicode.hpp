#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace troupe::config {

/// One code point and how many bytes it took; `valid` is false for a byte that starts none (point U+FFFD, width 1).
struct decoded {
  char32_t point = 0xFFFD;
  std::size_t width = 1;
  bool valid = false;
};

/// Decodes the code point at the start of a non-empty text: strict UTF-8, no surrogates, no overlong forms.
decoded decode_utf8(std::string_view text);

/// U+FFFD for what is no code point.
void append_utf8(std::string& out, char32_t point);

/// How many code points; a bad byte counts as one.
std::size_t count_points(std::string_view text);

/// Unicode categories L and Nd, `_` is not included.
bool is_letter(char32_t point);
bool is_digit(char32_t point);

/// Simple case mapping, one code point to one.
char32_t lower_case(char32_t point);
char32_t upper_case(char32_t point);

/// Unicode's White_Space.
bool is_space(char32_t point);

/// Whether Go's %q would show it as it is.
bool is_printable(char32_t point);

/// `U+0040 '@'`; the character only if it is printable.
std::string code_point_name(char32_t point);

/// A double-quoted string literal that reads back to the same bytes (Go's %q).
std::string quoted(std::string_view text);

/// The bytes that a string literal with its quotes stands for. The scanner has checked it; what is wrong in it all the
/// same is left out.
std::string unquoted(std::string_view literal);

}  // namespace troupe::config
