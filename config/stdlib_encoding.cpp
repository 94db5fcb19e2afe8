#include "config/limits.hpp"
#include "config/stdlib_parts.hpp"
#include "config/unicode.hpp"

#include <array>
#include <string_view>

namespace troupe::config {

namespace {

constexpr std::string_view standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view for_urls = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

template <class Run>
object::entry of_text(std::string name, Run run) {
  return fixed(std::move(name), 1, [run](arguments given) -> fitted<value> {
    const auto text = text_argument(given, 0);
    if (!text) return tl::make_unexpected(text.error());
    if (text->size() > max_text_bytes) return refuse("is longer than " + std::to_string(max_text_bytes) + " bytes", 0);
    return run(*text);
  });
}

std::string encode_base64(std::string_view text, std::string_view alphabet) {
  std::string out;
  out.reserve((text.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < text.size(); at += 3) {
    const std::string_view three = text.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8 | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i)
      out += i <= three.size() ? alphabet[bits >> (18 - 6 * i) & 63U] : '=';
  }
  return out;
}

// Line ends are skipped; everything else must be whole groups of four.
fitted<value> decode_base64(const std::string& text, std::string_view alphabet) {
  const auto corrupt = [](std::size_t at) { return refuse("illegal base64 data at input byte " + std::to_string(at)); };
  std::array<int, 256> digits{};
  digits.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    digits[static_cast<unsigned char>(alphabet[i])] = static_cast<int>(i);
  std::string out;
  std::uint32_t bits = 0;
  std::size_t in_group = 0;
  std::size_t padding = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\r' || c == '\n') continue;
    if (c == '=') {
      if (in_group + padding < 2 || in_group + padding == 4 || in_group == 0) return corrupt(at);
      ++padding;
      continue;
    }
    const int digit = digits[static_cast<unsigned char>(c)];
    if (digit < 0 || padding > 0) return corrupt(at);
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    if (++in_group < 4) continue;
    for (const int shift : {16, 8, 0})
      out += static_cast<char>(bits >> shift & 255U);
    bits = 0, in_group = 0;
  }
  if (in_group == 0) return value(std::move(out));
  if (in_group + padding != 4) return corrupt(text.size());
  out += static_cast<char>((in_group == 2 ? bits >> 4 : bits >> 10) & 255U);
  if (in_group == 3) out += static_cast<char>(bits >> 2 & 255U);
  return value(std::move(out));
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

// RFC 3986 but for spaces, which are `+` in a query.
std::string encode_query(std::string_view text) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(c)) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%';
      out += hex[byte >> 4U];
      out += hex[byte & 15U];
    }
  }
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

fitted<value> decode_query(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at] == '+' ? ' ' : text[at];
      continue;
    }
    const int high = at + 1 < text.size() ? hex_digit(text[at + 1]) : -1;
    const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
    if (high < 0 || low < 0) return refuse("invalid URL escape " + quoted(std::string_view(text).substr(at, 3)));
    out += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return value(std::move(out));
}

fitted<value> encode_json(arguments given) {
  if (!given[0].is(kind::object)) return refuse("jsonEncode only supports map");
  auto text = to_json(given[0]);
  if (!text) return at_argument(text.error(), 0);
  return value(std::move(*text));
}

}  // namespace

library encoding_functions() {
  return {
      of_text("from_json", from_json),
      fixed("to_json", 1, encode_json),
      of_text("from_base64", [](const std::string& t) { return decode_base64(t, standard); }),
      of_text("from_URLbase64", [](const std::string& t) { return decode_base64(t, for_urls); }),
      of_text("to_base64", [](const std::string& t) -> fitted<value> { return value(encode_base64(t, standard)); }),
      of_text("to_URLbase64", [](const std::string& t) -> fitted<value> { return value(encode_base64(t, for_urls)); }),
      of_text("url_encode", [](const std::string& t) -> fitted<value> { return value(encode_query(t)); }),
      of_text("url_decode", decode_query),
  };
}

}  // namespace troupe::config
