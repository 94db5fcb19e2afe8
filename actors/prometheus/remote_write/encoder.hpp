#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/writer/delivery.hpp"
#include "protocol/relabel/block_map.hpp"
#include "protocol/remote_write/template.hpp"
#include "protocol/telemetry/batch.hpp"

namespace troupe::prometheus {

/// What is steady of a block for one endpoint: external labels added, relabelled, encoded. Holds what it was made into,
/// not the block it was made from.
struct encoded_block {
  std::weak_ptr<const telemetry::series_block> of;
  telemetry::block_ref sent;  ///< as the endpoint gets it; null: nothing of it is sent
  remote_write::block_template steady;
  std::vector<writer::amount> pieces;  ///< of `steady`; a request is measured in samples
  std::uint32_t dropped = 0;  ///< series that the endpoint's rules leave out, those left without a name among them
};
using encoded_ref = std::shared_ptr<const encoded_block>;

/// Blocks as one endpoint sends them, each made once while it is in use. One thread.
class encoder {
 public:
  encoder(telemetry::label_set external_labels, troupe::relabel::rules rules, std::size_t max_series_per_piece);

  [[nodiscard]] encoded_ref encode(const telemetry::block_ref& block);

  /// Every family that is being sent, once.
  [[nodiscard]] std::vector<telemetry::family_ref> families() const;

 private:
  void sweep();

  telemetry::label_set external_;
  troupe::relabel::rules rules_;
  std::size_t max_series_;
  std::unordered_map<std::uint64_t, encoded_ref> known_;  // by block id
  std::size_t sweep_at_ = 64;
};

}  // namespace troupe::prometheus
