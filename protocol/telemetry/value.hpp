#pragma once

#include <bit>
#include <cstdint>

namespace troupe::telemetry {

/// A series that is gone says so with this NaN (a signalling one); compared by bits, never by ==.
inline constexpr std::uint64_t stale_bits = 0x7ff0000000000002;
/// What every NaN of an exposition becomes, so that a target cannot inject a stale marker.
inline constexpr std::uint64_t normal_nan_bits = 0x7ff8000000000001;

inline double stale_marker() {
  return std::bit_cast<double>(stale_bits);
}
inline double normal_nan() {
  return std::bit_cast<double>(normal_nan_bits);
}
inline bool is_stale(double value) {
  return std::bit_cast<std::uint64_t>(value) == stale_bits;
}

/// The numbers are those of remote write 1.0 (MetricMetadata.MetricType).
enum class metric_type : std::uint8_t {
  unknown = 0,
  counter = 1,
  gauge = 2,
  histogram = 3,
  gauge_histogram = 4,
  summary = 5,
  info = 6,
  stateset = 7,
};

}  // namespace troupe::telemetry
