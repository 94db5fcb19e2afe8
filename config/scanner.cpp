#include "config/scanner.hpp"

#include "config/parser.hpp"
#include "config/unicode.hpp"

#include <algorithm>
#include <utility>

namespace troupe::config {

namespace {

constexpr char32_t byte_order_mark = 0xFEFF;

bool is_decimal(char c) {
  return c >= '0' && c <= '9';
}

std::uint32_t digit_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint32_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint32_t>(c - 'A' + 10);
  return 16;
}

// The length of the identifier at the start of a text; 0 if there is none.
std::size_t identifier_length(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const decoded d = decode_utf8(text.substr(at));
    const bool fits = d.valid && (is_letter(d.point) || d.point == '_' || (at > 0 && is_digit(d.point)));
    if (!fits) break;
    at += d.width;
  }
  return at;
}

void tell(const scanner::listener& errors, std::size_t offset, std::string message) {
  if (errors) errors(static_cast<std::uint32_t>(offset), std::move(message));
}

bool ends_statement(token_kind kind) {
  switch (kind) {
    case token_kind::identifier:
    case token_kind::number:
    case token_kind::floating:
    case token_kind::string:
    case token_kind::boolean:
    case token_kind::null:
    case token_kind::right_curly:
    case token_kind::right_paren:
    case token_kind::right_bracket:
    case token_kind::illegal:
      return true;  // a mistake shall not swallow the next line
    default:
      return false;
  }
}

}  // namespace

std::string_view name_of(token_kind kind) {
  static constexpr std::string_view names[] = {
      "ILLEGAL", "EOF", "COMMENT", "IDENT", "NUMBER", "FLOAT", "STRING", "BOOL", "NULL", "||",        "&&", "!",
      "=",       "==",  "!=",      "<",     "<=",     ">",     ">=",     "+",    "-",    "*",         "/",  "%",
      "^",       "{",   "}",       "(",     ")",      "[",     "]",      ",",    ".",    "TERMINATOR"};
  return names[static_cast<std::size_t>(kind)];
}

bool is_identifier(std::string_view text) {
  return !text.empty() && identifier_length(text) == text.size();
}

void check_encoding(std::string_view text, const scanner::listener& errors) {
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\0' && static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const decoded d = decode_utf8(text.substr(at));
    if (d.point == 0) {
      tell(errors, at, "illegal character NUL");
    } else if (!d.valid) {
      tell(errors, at, "illegal UTF-8 encoding");
    } else if (d.point == byte_order_mark && at > 0) {
      tell(errors, at, "illegal byte order mark");
    }
    at += d.width;
  }
}

scanner::scanner(std::string_view text) : text_(text) {
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
}

token scanner::made(token_kind kind, std::size_t begin) const {
  return {kind, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at_)};
}

void scanner::skip_blanks() {
  while (!done() && (peek() == ' ' || peek() == '\t' || peek() == '\r' || (peek() == '\n' && !terminator_due_)))
    ++at_;
}

token scanner::next(const listener& errors) {
  skip_blanks();
  const std::size_t begin = at_;
  if (done()) {
    const bool due = terminator_due_;
    terminator_due_ = false;
    return made(due ? token_kind::terminator : token_kind::end_of_file, begin);
  }
  const char c = peek();
  if (c == '\n') {
    terminator_due_ = false;
    return made(token_kind::terminator, begin);  // the newline itself is skipped as a blank
  }
  if (c == '/' && (peek(1) == '/' || peek(1) == '*')) {
    if (terminator_due_ && comment_ends_line()) {
      terminator_due_ = false;
      return made(token_kind::terminator, begin);
    }
    return scan_comment(errors);  // a comment inside a line changes nothing
  }
  token t;
  if (identifier_length(text_.substr(at_, 4)) > 0) {
    t = scan_identifier();
  } else if (is_decimal(c) || (c == '.' && is_decimal(peek(1)))) {
    t = scan_number(errors);
  } else if (c == '"' || c == '`' || c == '\'') {
    t = scan_string(c, errors);
  } else {
    t = scan_operator(errors);
  }
  terminator_due_ = ends_statement(t.kind);
  return t;
}

token scanner::scan_identifier() {
  const std::size_t begin = at_;
  at_ += identifier_length(text_.substr(at_));
  const std::string_view word = text_.substr(begin, at_ - begin);
  if (word == "true" || word == "false") return made(token_kind::boolean, begin);
  return made(word == "null" ? token_kind::null : token_kind::identifier, begin);
}

token scanner::scan_number(const listener& errors) {
  const std::size_t begin = at_;
  auto kind = token_kind::number;
  const auto digits = [&] {
    const std::size_t from = at_;
    while (is_decimal(peek()))
      ++at_;
    return at_ - from;
  };
  digits();
  if (peek() == '.') {
    kind = token_kind::floating;
    ++at_;
    digits();
  }
  if (peek() == 'e' || peek() == 'E') {
    kind = token_kind::floating;
    ++at_;
    if (peek() == '+' || peek() == '-') ++at_;
    if (digits() == 0) tell(errors, begin, "exponent has no digits");
  }
  return made(kind, begin);
}

token scanner::scan_string(char quote, const listener& errors) {
  const std::size_t begin = at_++;
  if (quote == '\'') tell(errors, begin, "illegal single-quoted string; use double quotes");
  const bool raw = quote == '`';
  const auto kind = quote == '\'' ? token_kind::illegal : token_kind::string;
  for (;;) {
    if (done() || (!raw && peek() == '\n')) {
      tell(errors, begin, "string literal not terminated");
      return made(kind, begin);
    }
    const char c = text_[at_++];
    if (c == quote) return made(kind, begin);
    if (c == '\\' && !raw) scan_escape(errors);
  }
}

void scanner::scan_escape(const listener& errors) {
  const std::size_t begin = at_;
  std::uint32_t digits = 0;
  std::uint32_t base = 16;
  std::uint32_t most = 0x10FFFF;
  if (done()) return tell(errors, begin, "escape sequence not terminated");
  switch (peek()) {
    case 'a':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
    case 'v':
    case '\\':
    case '"':
      ++at_;
      return;
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
      digits = 3, base = 8, most = 255;
      break;
    case 'x':
      digits = 2, most = 255, ++at_;
      break;
    case 'u':
      digits = 4, ++at_;
      break;
    case 'U':
      digits = 8, ++at_;
      break;
    default:
      return tell(errors, begin, "unknown escape sequence");
  }
  std::uint32_t point = 0;
  for (; digits > 0; --digits, ++at_) {
    if (done()) return tell(errors, begin, "escape sequence not terminated");
    const std::uint32_t digit = digit_value(peek());
    if (digit >= base) {
      const decoded d = decode_utf8(text_.substr(at_));
      return tell(errors, begin, "illegal character " + code_point_name(d.point) + " in escape sequence");
    }
    point = point * base + digit;
  }
  if (point > most || (point >= 0xD800 && point < 0xE000)) {
    tell(errors, begin, "escape sequence is invalid Unicode code point");
  }
}

// Whether nothing but comments stands between here, where a comment starts, and the end of the line.
bool scanner::comment_ends_line() {
  if (at_ < code_ahead_) return false;
  std::size_t at = at_;
  while (at < text_.size()) {
    const char c = text_[at];
    if (c == '\n') return true;
    if (c == ' ' || c == '\t' || c == '\r') {
      ++at;
      continue;
    }
    if (text_.compare(at, 2, "//") == 0) return true;
    if (text_.compare(at, 2, "/*") != 0) {
      code_ahead_ = at;
      return false;
    }
    const std::size_t end = text_.find("*/", at + 2);
    const std::string_view inside = text_.substr(at, end == std::string_view::npos ? end : end - at);
    if (end == std::string_view::npos || inside.find('\n') != std::string_view::npos) return true;
    at = end + 2;
  }
  return true;
}

token scanner::scan_comment(const listener& errors) {
  const std::size_t begin = at_;
  if (peek(1) == '/') {
    at_ = std::min(text_.find('\n', at_), text_.size());
    token t = made(token_kind::comment, begin);
    while (t.end > t.begin && text_[t.end - 1] == '\r')
      --t.end;
    return t;
  }
  const std::size_t end = text_.find("*/", at_ + 2);
  if (end == std::string_view::npos) tell(errors, begin, "block comment not terminated");
  at_ = end == std::string_view::npos ? text_.size() : end + 2;
  return made(token_kind::comment, begin);
}

token scanner::scan_operator(const listener& errors) {
  const std::size_t begin = at_;
  const decoded d = decode_utf8(text_.substr(at_));
  at_ += d.width;
  const auto follows = [&](char c) {
    if (peek() != c || done()) return false;
    ++at_;
    return true;
  };
  const auto either = [&](token_kind alone, token_kind with_equals) {
    return follows('=') ? made(with_equals, begin) : made(alone, begin);
  };
  switch (d.point) {
    case '|':
      if (!follows('|')) tell(errors, at_, "missing second | in ||");
      return made(token_kind::either, begin);
    case '&':
      if (!follows('&')) tell(errors, at_, "missing second & in &&");
      return made(token_kind::both, begin);
    case '!':
      return either(token_kind::invert, token_kind::not_equal);
    case '=':
      return either(token_kind::assign, token_kind::equal);
    case '<':
      return either(token_kind::less, token_kind::less_equal);
    case '>':
      return either(token_kind::greater, token_kind::greater_equal);
    case '+':
      return made(token_kind::add, begin);
    case '-':
      return made(token_kind::subtract, begin);
    case '*':
      return made(token_kind::multiply, begin);
    case '/':
      return made(token_kind::divide, begin);
    case '%':
      return made(token_kind::modulo, begin);
    case '^':
      return made(token_kind::power, begin);
    case '{':
      return made(token_kind::left_curly, begin);
    case '}':
      return made(token_kind::right_curly, begin);
    case '(':
      return made(token_kind::left_paren, begin);
    case ')':
      return made(token_kind::right_paren, begin);
    case '[':
      return made(token_kind::left_bracket, begin);
    case ']':
      return made(token_kind::right_bracket, begin);
    case ',':
      return made(token_kind::comma, begin);
    case '.':
      return made(token_kind::dot, begin);
    default:
      break;
  }
  // check_encoding() has its own words for these.
  if (d.valid && d.point != 0 && d.point != byte_order_mark) {
    tell(errors, begin, "illegal character " + code_point_name(d.point));
  }
  return made(token_kind::illegal, begin);
}

}  // namespace troupe::config
