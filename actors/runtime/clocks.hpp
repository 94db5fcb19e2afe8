#pragma once

#include <cstdint>
#include <string>

#include "actors/runtime/supervision.hpp"

namespace troupe::runtime {

/// `2026-01-31T12:00:00.123Z`
[[nodiscard]] std::string rfc3339(std::int64_t unix_ms);

/// Where the time comes from; tests bring their own.
class clocks {
 public:
  virtual ~clocks() = default;
  [[nodiscard]] virtual time_point now() const { return std::chrono::steady_clock::now(); }
  /// Unix time in nanoseconds.
  [[nodiscard]] virtual std::int64_t wall_ns() const {
    return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
  }
  [[nodiscard]] std::int64_t wall_ms() const { return wall_ns() / 1'000'000; }
};

}  // namespace troupe::runtime
