#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/telemetry/otlp.hpp"

namespace troupe::otlp {

/// What a request's size counts.
enum class size_unit : std::uint8_t { items, bytes };

/// An Export*ServiceRequest of its own.
struct message_part {
  std::string message;
  std::uint64_t items = 0;  ///< spans, data points or log records
};

/// An Export*ServiceRequest in parts of at most `most`, its items in their order; what they belong to (resource, scope,
/// and of data points the metric) is in each part again. An item that is larger than `most` bytes is a part of its own.
/// The items themselves are not read. Empty: it can't be split: it is no such message, or the parts would be far larger
/// than it all together.
[[nodiscard]] std::vector<message_part> split(telemetry::otlp_kind what, std::string_view message, size_unit unit,
                                              std::uint64_t most);

}  // namespace troupe::otlp
