#include "protocol/relabel/block_map.hpp"

#include <algorithm>

#include "protocol/relabel/rewrite.hpp"

namespace troupe::relabel {

mapped map_block(const rules& by, const telemetry::block_ref& block) {
  if (by.empty()) return {nullptr, {}, true};
  return rewrite(*block, [&by](telemetry::label_buffer& labels) { return by.apply(labels); });
}

telemetry::metrics_ref map_batch(const mapped& to, const telemetry::metrics_ref& batch) {
  if (to.unchanged) return batch;
  if (!to.block) return nullptr;
  auto made = std::make_shared<telemetry::metrics_batch>();
  made->context = batch->context;
  made->self_telemetry = batch->self_telemetry;
  made->source_waits = batch->source_waits;
  made->block = to.block;
  made->timestamp_ms = batch->timestamp_ms;
  if (to.kept.empty()) {
    made->values = batch->values;
    made->own_timestamps_ms = batch->own_timestamps_ms;
    made->exemplars = batch->exemplars;
    return made;
  }
  made->values.reserve(to.kept.size());
  for (const std::uint32_t i : to.kept)
    made->values.push_back(batch->values[i]);
  if (!batch->own_timestamps_ms.empty()) {
    for (const std::uint32_t i : to.kept)
      made->own_timestamps_ms.push_back(batch->own_timestamps_ms[i]);
  }
  for (const auto& one : batch->exemplars) {
    const auto at = std::lower_bound(to.kept.begin(), to.kept.end(), one.series);
    if (at == to.kept.end() || *at != one.series) continue;
    made->exemplars.push_back(one);
    made->exemplars.back().series = static_cast<std::uint32_t>(at - to.kept.begin());
  }
  return made;
}

mapped_ref block_map::map(const telemetry::block_ref& block) {
  const auto at = known_.find(block->id());
  if (at != known_.end()) {
    ++hits_;
    return at->second.to;
  }
  ++misses_;
  if (--misses_until_sweep_ == 0) sweep();
  auto made = std::make_shared<const mapped>(map_block(rules_, block));
  if (known_.size() < max_blocks_) known_.emplace(block->id(), entry{block, made});
  return made;
}

/// Blocks that nobody holds any more never come again.
void block_map::sweep() {
  std::erase_if(known_, [](const auto& one) { return one.second.of.expired(); });
  // As many further misses as there are entries pay for looking at each; where it is full, a part of the room is worth
  // more.
  const std::size_t entries = known_.size() < max_blocks_ ? known_.size() : known_.size() / 8;
  misses_until_sweep_ = std::max<std::size_t>(64, entries);
}

}  // namespace troupe::relabel
