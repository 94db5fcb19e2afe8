#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// protobuf's wire format, for the few messages that are written by hand because they lie on the way of everything.
/// `tag`: field number << 3 | wire type, as one byte.
namespace troupe::telemetry::protobuf {

inline void put_varint(std::uint64_t n, std::string& out) {
  for (; n >= 0x80; n >>= 7)
    out.push_back(static_cast<char>(n | 0x80));
  out.push_back(static_cast<char>(n));
}
[[nodiscard]] constexpr std::size_t varint_size(std::uint64_t n) {
  std::size_t size = 1;
  for (; n >= 0x80; n >>= 7)
    ++size;
  return size;
}
/// A text, or a message that is encoded already.
inline void put_text(char tag, std::string_view text, std::string& out) {
  out.push_back(tag);
  put_varint(text.size(), out);
  out += text;
}
/// How many bytes put_text() appends.
[[nodiscard]] constexpr std::size_t text_size(std::size_t bytes) {
  return 1 + varint_size(bytes) + bytes;
}
inline void put_double(char tag, double value, std::string& out) {
  out.push_back(tag);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
inline void put_fixed64(char tag, std::uint64_t value, std::string& out) {
  out.push_back(tag);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace troupe::telemetry::protobuf
