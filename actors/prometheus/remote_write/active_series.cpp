#include "actors/prometheus/remote_write/active_series.hpp"

#include <algorithm>

#include "protocol/telemetry/value.hpp"

namespace troupe::prometheus {

namespace {

constexpr std::int64_t silent_ms = 3600 * 1000;

}  // namespace

void active_series::saw(const telemetry::metrics_batch& batch) {
  newest_ms_ = std::max(newest_ms_, batch.timestamp_ms);
  auto& one = sources_[batch.block->lane()];
  const auto stale =
      static_cast<std::size_t>(std::count_if(batch.values.begin(), batch.values.end(), telemetry::is_stale));
  // Markers alone speak of some of its series, a page of all.
  const auto size = batch.values.size();
  const auto now = stale == size ? one.series - std::min(one.series, size) : size - stale;
  count_ += now - one.series;
  one = {now, batch.timestamp_ms};
  if (now == 0) sources_.erase(batch.block->lane());
}

void active_series::forget_silent() {
  std::erase_if(sources_, [&](const auto& known) {
    const bool silent = known.second.newest_ms < newest_ms_ - silent_ms;
    if (silent) count_ -= known.second.series;
    return silent;
  });
}

}  // namespace troupe::prometheus
