#include "protocol/telemetry/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace troupe::telemetry {

namespace {

/// The length of the UTF-8 sequence at p, 0 if it is none.
std::size_t utf8_length(const unsigned char* p, std::size_t left) {
  const auto tail = [p, left](std::size_t n) {
    if (left <= n) return false;
    for (std::size_t i = 1; i <= n; ++i) {
      if ((p[i] & 0xc0) != 0x80) return false;
    }
    return true;
  };
  if (p[0] < 0x80) return 1;
  if (p[0] >= 0xc2 && p[0] <= 0xdf) return tail(1) ? 2 : 0;
  if (p[0] >= 0xe0 && p[0] <= 0xef) {
    if (!tail(2)) return 0;
    const bool overlong = p[0] == 0xe0 && p[1] < 0xa0;
    const bool surrogate = p[0] == 0xed && p[1] > 0x9f;
    return overlong || surrogate ? 0 : 3;
  }
  if (p[0] >= 0xf0 && p[0] <= 0xf4) {
    if (!tail(3)) return 0;
    const bool overlong = p[0] == 0xf0 && p[1] < 0x90;
    const bool too_large = p[0] == 0xf4 && p[1] > 0x8f;
    return overlong || too_large ? 0 : 4;
  }
  return 0;
}

/// How many bytes from the beginning are valid.
std::size_t valid_prefix(std::string_view text) {
  const auto* const begin = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = begin + text.size();
  const auto* p = begin;
  while (p != end) {
    std::uint64_t eight = 0;
    if (end - p >= 8 && (std::memcpy(&eight, p, 8), (eight & 0x8080808080808080) == 0)) {
      p += 8;
      continue;
    }
    const std::size_t length = utf8_length(p, static_cast<std::size_t>(end - p));
    if (length == 0) break;
    p += length;
  }
  return static_cast<std::size_t>(p - begin);
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  return valid_prefix(text) == text.size();
}

void append_repaired_utf8(std::string_view text, std::string& out) {
  for (;;) {
    const auto good = valid_prefix(text);
    out += text.substr(0, good);
    if (good == text.size()) return;
    out += "\xef\xbf\xbd";
    text.remove_prefix(good + 1);
  }
}

}  // namespace troupe::telemetry
