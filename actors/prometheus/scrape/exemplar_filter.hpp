#pragma once

#include <cstdint>
#include <unordered_map>

#include "protocol/telemetry/batch.hpp"

namespace troupe::prometheus {

/// Which exemplars of a target's pages go on: those that are news, and keep to the rules (OpenMetrics 1.0,
/// "Exemplars"). A page shows the same one until its program has another.
class exemplar_filter {
 public:
  enum class verdict : std::uint8_t {
    passes,
    repeated,      ///< its series had just this one
    out_of_order,  ///< its series had one with a later time of its own
    invalid,       ///< a label twice, or more than 128 characters
  };
  /// `one` as the page has it (no_timestamp: none of its own); where it passes, labels without a value are gone.
  [[nodiscard]] verdict judge(telemetry::exemplar& one);
  /// The next page has these series in the place of those.
  void renumber(const telemetry::series_block& before, const telemetry::series_block& now);

 private:
  struct seen {
    std::uint64_t content = 0;  ///< hash of its labels, value and time
    std::int64_t timestamp_ms = telemetry::metrics_batch::no_timestamp;
  };
  std::unordered_map<std::uint32_t, seen> last_;  // by series
};

}  // namespace troupe::prometheus
