#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::remote_write {

// Elements of snappy's block format (format_description.txt of snappy, section 2).

inline void put_literal(std::string_view bytes, std::string& out) {
  const std::size_t n = bytes.size() - 1;
  if (n < 60) {
    out.push_back(static_cast<char>(n << 2));
  } else if (n < 256) {
    out.push_back(static_cast<char>(60 << 2));
    out.push_back(static_cast<char>(n));
  } else if (n < 65536) {
    out.push_back(static_cast<char>(61 << 2));
    out.push_back(static_cast<char>(n));
    out.push_back(static_cast<char>(n >> 8));
  } else {
    // Three or four bytes of length; a message is shorter than 4 GiB.
    const bool four = n >= (std::size_t{1} << 24);
    out.push_back(static_cast<char>((four ? 63 : 62) << 2));
    out.push_back(static_cast<char>(n));
    out.push_back(static_cast<char>(n >> 8));
    out.push_back(static_cast<char>(n >> 16));
    if (four) out.push_back(static_cast<char>(n >> 24));
  }
  out += bytes;
}

inline constexpr std::size_t most_in_copy = 64;

/// `offset` is at most 65535, `length` at least 4; nothing overlaps.
inline void put_copy(std::size_t offset, std::size_t length, std::string& out) {
  while (length > 0) {
    if (length >= 4 && length <= 11 && offset < 2048) {
      out.push_back(static_cast<char>(1 | ((length - 4) << 2) | ((offset >> 8) << 5)));
      out.push_back(static_cast<char>(offset));
      return;
    }
    // Never one that leaves less than four bytes to the next.
    const std::size_t some = length <= most_in_copy      ? length
                             : length < most_in_copy + 4 ? most_in_copy - 4
                                                         : most_in_copy;
    out.push_back(static_cast<char>(2 | ((some - 1) << 2)));
    out.push_back(static_cast<char>(offset));
    out.push_back(static_cast<char>(offset >> 8));
    length -= some;
  }
}

}  // namespace troupe::remote_write
