#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "protocol/telemetry/label.hpp"
#include "protocol/telemetry/value.hpp"

namespace troupe::remote_write {

// protobuf, by hand: the few messages of remote write 1.0.

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
inline void put_text(char tag, std::string_view text, std::string& out) {
  out.push_back(tag);
  put_varint(text.size(), out);
  out += text;
}
inline void put_double(char tag, double value, std::string& out) {
  out.push_back(tag);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

namespace field {
inline constexpr char series = 0x0a, metadata = 0x1a;                   // of WriteRequest
inline constexpr char labels = 0x0a, samples = 0x12, exemplars = 0x1a;  // of TimeSeries
inline constexpr char label_name = 0x0a, label_value = 0x12;            // of Label
inline constexpr char sample_value = 0x09, sample_time = 0x10;          // of Sample
inline constexpr char exemplar_label = 0x0a, exemplar_value = 0x11, exemplar_time = 0x18;
inline constexpr char metadata_type = 0x08, metadata_name = 0x12, metadata_help = 0x22, metadata_unit = 0x2a;
}  // namespace field

/// Timestamps of these milliseconds (the years 1971 to 2109) are varints of six bytes.
inline constexpr std::size_t time_bytes = 6;
[[nodiscard]] constexpr bool time_has_six_bytes(std::int64_t ms) {
  return ms >= (std::int64_t{1} << 35) && ms < (std::int64_t{1} << 42);
}
inline void write_time(std::int64_t ms, char* to) {
  for (std::size_t i = 0; i + 1 < time_bytes; ++i, ms >>= 7)
    to[i] = static_cast<char>(ms | 0x80);
  to[time_bytes - 1] = static_cast<char>(ms);
}

/// The labels of a TimeSeries, in the order given.
void put_labels(const std::vector<telemetry::label_view>& labels, std::string& out);

}  // namespace troupe::remote_write
