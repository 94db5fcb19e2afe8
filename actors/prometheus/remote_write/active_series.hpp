#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "protocol/telemetry/batch.hpp"

namespace troupe::prometheus {

/// How many series samples come in for: what each source (a lane) last had, until it says that they are stale or has
/// said nothing for an hour.
class active_series {
 public:
  void saw(const telemetry::metrics_batch& batch);
  /// Lets go of sources that are long silent, by the time of the newest batch.
  void forget_silent();
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  struct source {
    std::size_t series = 0;
    std::int64_t newest_ms = 0;
  };
  std::unordered_map<std::uint64_t, source> sources_;  // by lane
  std::size_t count_ = 0;
  std::int64_t newest_ms_ = 0;
};

}  // namespace troupe::prometheus
