#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace troupe::telemetry {

/// Bytes as people and protocols write ids and digests: lower-case hexadecimal.
[[nodiscard]] inline std::string to_hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const unsigned char byte : bytes)
    text += digits[byte >> 4], text += digits[byte & 15];
  return text;
}
[[nodiscard]] inline std::string to_hex(std::span<const std::uint8_t> bytes) {
  return to_hex(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

/// Of a hexadecimal digit, lower case (as W3C trace context wants it); -1: it is none.
[[nodiscard]] constexpr int hex_digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// False: it is no lower-case hexadecimal of just so many bytes.
template <std::size_t N>
[[nodiscard]] bool read_hex(std::string_view text, std::array<std::uint8_t, N>& into) {
  if (text.size() != 2 * N) return false;
  for (std::size_t i = 0; i < N; ++i) {
    const int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    into[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

}  // namespace troupe::telemetry
