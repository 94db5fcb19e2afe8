#include "actors/store/local/quoted_text.hpp"

#include <charconv>
#include <cstdint>

namespace troupe::store {

namespace {

constexpr std::string_view letters = "abfnrtv\\\"'", meanings = "\a\b\f\n\r\t\v\\\"'";
constexpr std::uint32_t last_code_point = 0x10ffff;

void put_utf8(std::uint32_t c, std::string& out) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  const auto rest = [&](unsigned shift) { put(0x80 | ((c >> shift) & 0x3f)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xc0 | c >> 6);
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    rest(6);
  } else {
    put(0xf0 | c >> 18);
    rest(12);
    rest(6);
  }
  rest(0);
}

/// Exactly `digits` of them make a number of at most `most`.
bool number(std::string_view in, std::size_t digits, int base, std::uint32_t most, std::uint32_t& n) {
  if (in.size() < digits) return false;
  const auto [end, problem] = std::from_chars(in.data(), in.data() + digits, n, base);
  return problem == std::errc() && end == in.data() + digits && n <= most;
}

/// What stands behind a backslash; how long it is, 0: no escape that is known.
std::size_t escape(std::string_view in, std::string& out) {
  if (in.empty()) return 0;
  if (const auto at = letters.find(in[0]); at != std::string_view::npos) {
    out += meanings[at];
    return 1;
  }
  std::uint32_t n = 0;
  if (in[0] == 'x' && number(in.substr(1), 2, 16, 0xff, n)) {
    out += static_cast<char>(n);
    return 3;
  }
  if (number(in, 3, 8, 0xff, n)) {
    out += static_cast<char>(n);
    return 3;
  }
  const std::size_t digits = in[0] == 'u' ? 4 : in[0] == 'U' ? 8 : 0;
  if (digits == 0 || !number(in.substr(1), digits, 16, last_code_point, n) || (n >= 0xd800 && n < 0xe000)) return 0;
  put_utf8(n, out);
  return 1 + digits;
}

}  // namespace

result<std::string> unquote(std::string_view in, std::size_t& at, bool lenient) {
  const char quote = in[at++];
  std::string made;
  while (at < in.size() && in[at] != quote) {
    if (quote == '`' || in[at] != '\\') {
      made += in[at++];
      continue;
    }
    const auto length = escape(in.substr(at + 1), made);
    if (length == 0 && !lenient)
      return failure("an escape that PromQL knows, such as \\\\, \\\", \\n or \\u00e9 (a text in `…` has none)");
    if (length == 0) made += '\\';
    at += 1 + length;
  }
  if (at >= in.size()) return failure("the closing quote");
  ++at;
  return made;
}

}  // namespace troupe::store
