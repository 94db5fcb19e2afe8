#include "actors/prometheus/remote_write/encoder.hpp"

#include <algorithm>
#include <unordered_set>

#include "protocol/relabel/external_labels.hpp"

namespace troupe::prometheus {

encoder::encoder(telemetry::label_set external_labels, troupe::relabel::rules rules, std::size_t max_series_per_piece)
    : external_(std::move(external_labels)), rules_(std::move(rules)), max_series_(max_series_per_piece) {}

encoded_ref encoder::encode(const telemetry::block_ref& block) {
  const auto at = known_.find(block->id());
  if (at != known_.end()) return at->second;
  sweep();
  const auto labelled = troupe::relabel::with_external_labels(block, external_);
  auto mapped = troupe::relabel::map_block(rules_, labelled);
  if (mapped.unchanged && labelled == block) {
    // A block of its own, so that this one ends when its last user does.
    auto copy = std::make_shared<telemetry::series_block>(block->chunks(), block->common(), block->conflict());
    copy->set_lane(block->lane());
    mapped.block = std::move(copy);
  } else if (mapped.unchanged) {
    mapped.block = labelled;
  }
  std::shared_ptr<encoded_block> made;
  if (mapped.block) {
    made = std::make_shared<encoded_block>(
        encoded_block{block, mapped.block, {mapped.block, std::move(mapped.kept), max_series_}, {}});
    for (const auto& piece : made->steady.pieces())
      made->pieces.push_back({piece.count, piece.count, 0, piece.count});
  } else {
    auto none = std::make_shared<telemetry::series_block>(std::vector<telemetry::chunk_ref>{}, telemetry::label_set{});
    made = std::make_shared<encoded_block>(encoded_block{block, nullptr, {std::move(none), {}, max_series_}, {}});
  }
  made->dropped = static_cast<std::uint32_t>(block->size() - made->steady.series());
  known_.emplace(block->id(), made);
  return made;
}

/// Blocks that nobody holds any more never come again.
void encoder::sweep() {
  if (known_.size() < sweep_at_) return;
  std::erase_if(known_, [](const auto& one) { return one.second->of.expired(); });
  sweep_at_ = std::max<std::size_t>(64, 2 * known_.size());
}

std::vector<telemetry::family_ref> encoder::families() const {
  std::unordered_set<const telemetry::series_chunk*> seen_chunks;
  std::unordered_map<std::string_view, telemetry::family_ref> by_name;
  for (const auto& [id, one] : known_) {
    if (!one->sent || one->of.expired()) continue;
    for (const auto& chunk : one->sent->chunks()) {
      if (!seen_chunks.insert(chunk.get()).second) continue;
      for (const auto& start : chunk->families()) {
        if (!start.family->name.empty() && !start.family->help.empty())
          by_name.emplace(start.family->name, start.family);
      }
    }
  }
  std::vector<telemetry::family_ref> all;
  all.reserve(by_name.size());
  for (auto& [name, family] : by_name)
    all.push_back(std::move(family));
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->name < b->name; });
  return all;
}

}  // namespace troupe::prometheus
