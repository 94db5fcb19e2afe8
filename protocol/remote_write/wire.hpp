#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "protocol/telemetry/label.hpp"
#include "protocol/telemetry/protobuf.hpp"
#include "protocol/telemetry/value.hpp"

namespace troupe::remote_write {

using telemetry::protobuf::put_double;
using telemetry::protobuf::put_text;
using telemetry::protobuf::put_varint;
using telemetry::protobuf::varint_size;

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
