#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace troupe::runtime {

/// Bytes as people and protocols write ids and digests: lower-case hexadecimal.
[[nodiscard]] inline std::string to_hex(std::span<const std::uint8_t> bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const auto byte : bytes)
    text += digits[byte >> 4], text += digits[byte & 15];
  return text;
}

}  // namespace troupe::runtime
