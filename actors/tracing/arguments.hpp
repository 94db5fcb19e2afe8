#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/runtime/receiver_field.hpp"
#include "config/schema.hpp"

namespace troupe::tracing {

struct jaeger_remote {
  std::string url = "http://127.0.0.1:5778/sampling";
  std::int64_t max_operations = 256;
  std::chrono::nanoseconds refresh_interval = std::chrono::minutes(1);
  friend bool operator==(const jaeger_remote&, const jaeger_remote&) = default;
};

struct sampler_block {
  std::optional<tracing::jaeger_remote> jaeger;
  friend bool operator==(const sampler_block&, const sampler_block&) = default;
};

/// tracing, as it is written.
struct arguments {
  double sampling_fraction = 0.1;
  std::vector<runtime::otlp_receiver> write_to;
  bool send_traceparent = false;
  sampler_block sampler;
  friend bool operator==(const arguments&, const arguments&) = default;
};

[[nodiscard]] const config::component_schema& schema();

}  // namespace troupe::tracing
