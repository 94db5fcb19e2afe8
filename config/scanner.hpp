#pragma once

#include "config/source.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace troupe::config {

enum class token_kind : std::uint8_t {
  illegal,
  end_of_file,
  comment,
  identifier,
  number,
  floating,
  string,
  boolean,
  null,
  either,
  both,
  invert,
  assign,
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
  power,
  left_curly,
  right_curly,
  left_paren,
  right_paren,
  left_bracket,
  right_bracket,
  comma,
  dot,
  terminator,
};

/// What messages call a kind of token: `IDENT`, `TERMINATOR`, `||`.
std::string_view name_of(token_kind kind);

struct token {
  token_kind kind = token_kind::end_of_file;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;  ///< a terminator is empty
};

/// Cuts a text (at most max_source_bytes) into tokens. Copyable, so that a parser can look ahead.
class scanner {
 public:
  /// Hears of an error at an offset. May be empty.
  using listener = std::function<void(std::uint32_t offset, std::string message)>;

  explicit scanner(std::string_view text);

  /// The next token; end_of_file for ever at the end.
  token next(const listener& errors);

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  [[nodiscard]] bool done() const { return at_ >= text_.size(); }
  void skip_blanks();
  [[nodiscard]] bool comment_ends_line();
  token scan_identifier();
  token scan_number(const listener& errors);
  token scan_string(char quote, const listener& errors);
  void scan_escape(const listener& errors);
  token scan_comment(const listener& errors);
  token scan_operator(const listener& errors);
  [[nodiscard]] token made(token_kind kind, std::size_t begin) const;

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t code_ahead_ = 0;   // up to here it is known that code follows on the line
  bool terminator_due_ = false;  // a newline here ends a statement
};

/// Reports NUL, bad UTF-8 and byte order marks after the first character.
void check_encoding(std::string_view text, const scanner::listener& errors);

}  // namespace troupe::config
