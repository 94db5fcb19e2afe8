#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "protocol/relabel/rule.hpp"
#include "protocol/telemetry/batch.hpp"

namespace troupe::relabel {

/// A block after relabelling.
struct mapped {
  telemetry::block_ref block;       ///< null: nothing is left of it, or nothing was changed
  std::vector<std::uint32_t> kept;  ///< the source's column of each series; empty: the same
  bool unchanged = false;           ///< the source is as it should be (and is not held by this)
};
using mapped_ref = std::shared_ptr<const mapped>;

/// Relabels a block. Two series that become the same stay two; it is the receiver who decides. What the series still share stays
/// shared: chunks where rules touch only the target's labels or drop series, the target's labels where all series keep them.
[[nodiscard]] mapped map_block(const rules& by, const telemetry::block_ref& block);
/// The batch of the mapped block; null where nothing is left.
[[nodiscard]] telemetry::metrics_ref map_batch(const mapped& to, const telemetry::metrics_ref& batch);

/// Maps each block once while it is in use. One thread.
class block_map {
 public:
  explicit block_map(rules by) : rules_(std::move(by)) {}
  [[nodiscard]] mapped_ref map(const telemetry::block_ref& block);

  [[nodiscard]] std::size_t size() const { return known_.size(); }
  [[nodiscard]] std::uint64_t hits() const { return hits_; }
  [[nodiscard]] std::uint64_t misses() const { return misses_; }

 private:
  struct entry {
    std::weak_ptr<const telemetry::series_block> of;
    mapped_ref to;
  };
  rules rules_;
  std::unordered_map<std::uint64_t, entry> known_;  // by block id
  std::size_t sweep_at_ = 64;
  std::uint64_t hits_ = 0, misses_ = 0;
};

}  // namespace troupe::relabel
