#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "protocol/relabel/rule.hpp"
#include "protocol/telemetry/batch.hpp"

namespace troupe::relabel {

/// A block after relabelling. Does not hold the block it was made of.
struct mapped {
  telemetry::block_ref block;       ///< null: nothing is left of it, or nothing was changed
  std::vector<std::uint32_t> kept;  ///< the source's column of each series, ascending; empty: the same
  bool unchanged = false;           ///< the source is as it should be (and is not held by this)
  /// Series that the rules left without a metric name: no backend takes them, so they are dropped, too.
  std::uint32_t nameless = 0;
};
using mapped_ref = std::shared_ptr<const mapped>;

/// Relabels a block. Two series that become the same stay two; it is the receiver who decides. The lane stays the
/// source's; each series keeps its family, whose name is not relabelled. What can be shared is shared: a chunk whose
/// series are all kept and whose own labels are not touched stays the same object, whatever becomes of the target's
/// labels; what most series have in common after the rules, and is not from their own lines, stands in the new block's
/// common labels, so that rewritten chunks are the same for all hosts with one exporter. A `le` of a histogram or
/// `quantile` of a summary that a rule writes is read as a number again: `1` becomes `1.0`.
[[nodiscard]] mapped map_block(const rules& by, const telemetry::block_ref& block);
/// The batch of the mapped block, the very same one where nothing is changed, null where nothing is left.
[[nodiscard]] telemetry::metrics_ref map_batch(const mapped& to, const telemetry::metrics_ref& batch);

/// Maps each block once while it is in use; what belongs to blocks that are gone is forgotten in passing. One thread.
class block_map {
 public:
  static constexpr std::size_t default_max_blocks = 100'000;

  /// Beyond `max_blocks` blocks in use the further ones are mapped each time anew.
  explicit block_map(rules by, std::size_t max_blocks = default_max_blocks)
      : rules_(std::move(by)), max_blocks_(max_blocks) {}
  [[nodiscard]] mapped_ref map(const telemetry::block_ref& block);

  [[nodiscard]] std::size_t size() const { return known_.size(); }  ///< blocks gone lately included
  [[nodiscard]] std::uint64_t hits() const { return hits_; }
  [[nodiscard]] std::uint64_t misses() const { return misses_; }

 private:
  struct entry {
    std::weak_ptr<const telemetry::series_block> of;
    mapped_ref to;
  };
  void sweep();

  rules rules_;
  std::size_t max_blocks_;
  std::unordered_map<std::uint64_t, entry> known_;  // by block id
  std::size_t misses_until_sweep_ = 64;
  std::uint64_t hits_ = 0, misses_ = 0;
};

}  // namespace troupe::relabel
