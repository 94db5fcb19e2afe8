#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "actors/store/local/store_file.hpp"
#include "config/schema.hpp"

namespace troupe::store::storing {

/// Of one signal; what is not said is as for all of them.
struct bounds {
  std::optional<std::chrono::nanoseconds> max_age;
  std::optional<config::byte_size> max_size;
  friend bool operator==(const bounds&, const bounds&) = default;
};

struct arguments {
  std::chrono::nanoseconds max_age = std::chrono::hours(24);
  config::byte_size max_size{std::int64_t{1} << 30};
  bounds metrics, logs, traces;
  friend bool operator==(const arguments&, const arguments&) = default;
};
[[nodiscard]] const config::component_schema& schema();

/// Of metrics, logs and traces, in the order of telemetry::signal.
[[nodiscard]] std::array<retention, 3> retentions(const arguments& of);

}  // namespace troupe::store::storing
