#include "config/unicode.hpp"

#include <cstdint>

namespace troupe::config {

decoded decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  std::size_t width = 0;
  char32_t point = 0;
  char32_t least = 0;
  if (lead >= 0xC2 && lead < 0xE0) {
    width = 2, point = lead & 0x1FU, least = 0x80;
  } else if (lead >= 0xE0 && lead < 0xF0) {
    width = 3, point = lead & 0x0FU, least = 0x800;
  } else if (lead >= 0xF0 && lead < 0xF5) {
    width = 4, point = lead & 0x07U, least = 0x10000;
  } else {
    return {};
  }
  if (text.size() < width) return {};
  for (std::size_t i = 1; i < width; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {};
    point = point << 6 | (byte(i) & 0x3FU);
  }
  if (point < least || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return {};
  return {point, width, true};
}

void append_utf8(std::string& out, char32_t point) {
  if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) point = 0xFFFD;
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | point >> 6);
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | point >> 12);
    out += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | point >> 18);
    out += static_cast<char>(0x80 | (point >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  }
}

std::size_t count_points(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    text.remove_prefix(decode_utf8(text).width);
    ++count;
  }
  return count;
}

bool is_printable(char32_t point) {
  if (point < 0x20 || (point >= 0x7F && point <= 0xA0) || point == 0xAD) return false;
  if (point >= 0x2000 && point <= 0x200F) return false;  // spaces and directions
  if (point >= 0x2028 && point <= 0x202F) return false;
  if (point >= 0x205F && point <= 0x206F) return false;
  if (point == 0x1680 || point == 0x3000 || point == 0xFEFF) return false;
  if (point >= 0xD800 && point <= 0xF8FF) return false;  // surrogates, private use
  if (point >= 0xFFF0 && point <= 0xFFFB) return false;
  return (point & 0xFFFE) != 0xFFFE && point < 0xE0000;
}

std::string code_point_name(char32_t point) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string digits;
  for (char32_t rest = point; rest != 0 || digits.size() < 4; rest >>= 4)
    digits.insert(digits.begin(), hex[rest & 15]);
  std::string name = "U+" + digits;
  if (is_printable(point)) {
    name += " '";
    append_utf8(name, point);
    name += '\'';
  }
  return name;
}

namespace {

void append_hex(std::string& out, std::uint32_t number, int width) {
  static constexpr char hex[] = "0123456789abcdef";
  for (int shift = (width - 1) * 4; shift >= 0; shift -= 4)
    out += hex[number >> shift & 15U];
}

char short_escape(char32_t point) {
  switch (point) {
    case '\a':
      return 'a';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\v':
      return 'v';
    case '\\':
      return '\\';
    case '"':
      return '"';
    default:
      return 0;
  }
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

// Reads the escape sequence after a backslash and returns how many bytes it takes.
std::size_t unescape(std::string_view text, std::string& out) {
  std::size_t digits = 0;
  std::size_t from = 1;
  std::uint32_t base = 16;
  switch (text[0]) {
    case 'a':
      out += '\a';
      return 1;
    case 'b':
      out += '\b';
      return 1;
    case 'f':
      out += '\f';
      return 1;
    case 'n':
      out += '\n';
      return 1;
    case 'r':
      out += '\r';
      return 1;
    case 't':
      out += '\t';
      return 1;
    case 'v':
      out += '\v';
      return 1;
    case '\\':
      out += '\\';
      return 1;
    case '"':
      out += '"';
      return 1;
    case 'x':
      digits = 2;
      break;
    case 'u':
      digits = 4;
      break;
    case 'U':
      digits = 8;
      break;
    default:
      digits = 3, from = 0, base = 8;
  }
  std::uint32_t number = 0;
  std::size_t at = from;
  for (; at < text.size() && at < from + digits; ++at) {
    const auto digit = static_cast<std::uint32_t>(digit_value(text[at]));
    if (digit >= base) break;
    number = number * base + digit;
  }
  if (at != from + digits) return at == 0 ? 1 : at;
  if (digits <= 3) {
    out += static_cast<char>(number);  // octal and \x are bytes, not code points
  } else {
    append_utf8(out, number);
  }
  return at;
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const decoded d = decode_utf8(text);
    if (!d.valid) {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(text[0]), 2);
    } else if (const char c = short_escape(d.point)) {
      out += '\\';
      out += c;
    } else if (is_printable(d.point)) {
      out += text.substr(0, d.width);
    } else if (d.point < 0x80) {
      out += "\\x";
      append_hex(out, d.point, 2);
    } else if (d.point < 0x10000) {
      out += "\\u";
      append_hex(out, d.point, 4);
    } else {
      out += "\\U";
      append_hex(out, d.point, 8);
    }
    text.remove_prefix(d.width);
  }
  return out + '"';
}

std::string unquoted(std::string_view literal) {
  if (literal.size() < 2) return {};
  const bool raw = literal[0] == '`';
  literal = literal.substr(1, literal.size() - 2);
  std::string out;
  out.reserve(literal.size());
  while (!literal.empty()) {
    if (raw) {
      if (literal[0] != '\r') out += literal[0];
      literal.remove_prefix(1);
    } else if (literal[0] == '\\' && literal.size() > 1) {
      literal.remove_prefix(1);
      literal.remove_prefix(unescape(literal, out));
    } else {
      out += literal[0];
      literal.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace troupe::config
