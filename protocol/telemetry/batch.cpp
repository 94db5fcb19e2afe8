#include "protocol/telemetry/batch.hpp"

#include <algorithm>

namespace troupe::telemetry {

std::size_t metrics_batch::bytes() const {
  std::size_t bytes = sizeof *this + values.capacity() * sizeof(double) +
                      own_timestamps_ms.capacity() * sizeof(std::int64_t) + exemplars.capacity() * sizeof(exemplar);
  for (const auto& each : exemplars)
    bytes += each.labels.size();
  return bytes;
}

std::shared_ptr<metrics_batch> select(const metrics_batch& from, std::span<const std::uint32_t> series) {
  auto selected = std::make_shared<metrics_batch>();
  selected->context = from.context;
  selected->self_telemetry = from.self_telemetry;
  selected->source_waits = from.source_waits;
  selected->timestamp_ms = from.timestamp_ms;
  auto block = std::make_shared<series_block>(select(from.block->chunks(), series), from.block->common(),
                                              from.block->conflict());
  block->set_lane(from.block->lane());
  selected->block = std::move(block);
  selected->values.reserve(series.size());
  for (const std::uint32_t i : series)
    selected->values.push_back(from.values[i]);
  if (!from.own_timestamps_ms.empty()) {
    for (const std::uint32_t i : series)
      selected->own_timestamps_ms.push_back(from.own_timestamps_ms[i]);
  }
  for (const auto& one : from.exemplars) {
    const auto at = std::lower_bound(series.begin(), series.end(), one.series);
    if (at == series.end() || *at != one.series) continue;
    selected->exemplars.push_back(one);
    selected->exemplars.back().series = static_cast<std::uint32_t>(at - series.begin());
  }
  return selected;
}

}  // namespace troupe::telemetry
