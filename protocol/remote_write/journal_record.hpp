#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/telemetry/batch.hpp"
#include "protocol/telemetry/result.hpp"

namespace troupe::remote_write {

// How batches lie in a writer's journal: a record names its block, a block its chunks; blocks and chunks are
// definitions of the journal, so each segment holds all that its records need.

using definition_id = std::uint64_t;

/// Of the block's chunks, then of the block itself: where the last one is known, all are.
[[nodiscard]] std::vector<definition_id> definitions_of(const telemetry::series_block& block);
/// The bytes of one of them.
[[nodiscard]] std::string definition(const telemetry::series_block& block, definition_id id);
void encode_record(const telemetry::metrics_batch& batch, std::string& out);

/// Records into batches again. Equal blocks of one segment become one block; what nobody uses any more is forgotten.
class record_decoder {
 public:
  /// Valid during the call.
  using lookup = std::function<std::string_view(definition_id)>;
  /// `segment`: definitions of another segment are others, even if their ids are the same.
  [[nodiscard]] result<telemetry::metrics_ref> decode(std::string_view payload, std::uint64_t segment,
                                                      const lookup& find);

 private:
  [[nodiscard]] telemetry::block_ref block(definition_id id, const lookup& find);
  std::uint64_t segment_ = 0;
  std::unordered_map<definition_id, telemetry::block_ref> blocks_;  // of the current segment
};

}  // namespace troupe::remote_write
