#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "actors/runtime/tracing.hpp"
#include "protocol/telemetry/result.hpp"

namespace troupe::tracing {

/// At most so many traces a second, saved up to that many (at least one).
class rate_limit {
 public:
  explicit rate_limit(double per_second);
  [[nodiscard]] bool take(std::chrono::steady_clock::time_point now);

 private:
  double per_second_, most_, saved_;
  std::chrono::steady_clock::time_point last_{};
};

/// Decides as a Jaeger collector says: by share, by rate, or by share for each operation with a lower bound.
class jaeger_sampler final : public runtime::sampler {
 public:
  /// From the JSON of `/sampling?service=…`. Of operations the first `max_operations` count. Errors say what is wrong.
  [[nodiscard]] static result<std::shared_ptr<jaeger_sampler>> parse(std::string_view json, std::size_t max_operations);

  [[nodiscard]] bool sample(const runtime::trace_context& of, std::string_view operation) override;

 private:
  runtime::ratio share_;
  std::map<std::string, runtime::ratio, std::less<>> shares_;  // by operation
  std::mutex mutex_;
  std::unique_ptr<rate_limit> limit_;  // instead of a share
  double lower_bound_ = 0;             // traces a second of each operation, whatever its share
  std::map<std::string, rate_limit, std::less<>> lower_;
  std::size_t max_operations_ = 0;
};

}  // namespace troupe::tracing
