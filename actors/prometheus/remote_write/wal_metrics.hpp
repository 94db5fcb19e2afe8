#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "actors/prometheus/remote_write/active_series.hpp"
#include "actors/runtime/own_metrics.hpp"
#include "protocol/telemetry/batch.hpp"

namespace troupe::prometheus {

/// What Alloy counts of its write-ahead log, of the journal that stands in its place.
class wal_metrics {
 public:
  explicit wal_metrics(runtime::component_metrics& in);

  void appended(const telemetry::metrics_batch& batch);
  void opened(std::size_t damaged_places, std::chrono::nanoseconds took);
  /// To be called now and then: what is long silent is no longer active.
  void forget_silent();

 private:
  runtime::counter& samples_;
  runtime::counter& exemplars_;
  runtime::counter& corruptions_;
  runtime::gauge& active_;
  runtime::counter& in_samples_;
  runtime::counter& in_exemplars_;
  runtime::gauge& replay_;
  runtime::gauge& highest_;
  std::int64_t highest_ms_ = 0;
  active_series active_series_;
};

}  // namespace troupe::prometheus
