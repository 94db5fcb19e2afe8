#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "actors/runtime/own_metrics.hpp"

namespace troupe::prometheus {

/// What Alloy counts of its write-ahead log, of the journal that stands in its place.
class wal_metrics {
 public:
  explicit wal_metrics(runtime::component_metrics& in);

  void appended(std::uint64_t samples, std::uint64_t exemplars, std::int64_t timestamp_ms);
  void opened(std::size_t damaged_places, std::chrono::nanoseconds took);
  void active(std::size_t series) { active_series_.set(static_cast<double>(series)); }

 private:
  runtime::counter& samples_;
  runtime::counter& exemplars_;
  runtime::counter& corruptions_;
  runtime::gauge& active_series_;
  runtime::counter& in_samples_;
  runtime::counter& in_exemplars_;
  runtime::gauge& replay_;
  runtime::gauge& highest_;
  std::int64_t highest_ms_ = 0;
};

}  // namespace troupe::prometheus
