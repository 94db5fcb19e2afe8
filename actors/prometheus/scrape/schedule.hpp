#pragma once

#include <cstdint>
#include <string_view>

#include "protocol/telemetry/label.hpp"

namespace troupe::prometheus {

/// When a target is scraped: its phase within the interval follows from the target, not from when the collector was
/// started or which node does it, so that the load is spread and a move costs at most one interval. All times in
/// nanoseconds.
class schedule {
 public:
  /// `seed`: offset_seed() of the host.
  schedule(const telemetry::label_set& labels, std::string_view url, std::int64_t interval_ns, std::uint64_t seed);

  /// The first tick at or after this Unix time.
  [[nodiscard]] std::int64_t next(std::int64_t wall_ns) const;
  [[nodiscard]] std::int64_t interval() const { return interval_ns_; }

  /// The timestamp of a scrape that was due at `tick_ns` and begins at `wall_ns`: the tick if it is close enough (2 ms,
  /// or 1 % of a short interval), so that timestamps stay evenly spaced and compress well.
  [[nodiscard]] std::int64_t timestamp_ms(std::int64_t tick_ns, std::int64_t wall_ns) const;

 private:
  std::int64_t interval_ns_;
  std::int64_t offset_ns_;
};

/// Of the host's name: hosts that scrape the same targets do it at different times.
[[nodiscard]] std::uint64_t offset_seed(std::string_view host_name);

}  // namespace troupe::prometheus
