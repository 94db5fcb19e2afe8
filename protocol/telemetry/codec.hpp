#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "protocol/telemetry/batch.hpp"
#include "protocol/telemetry/logs.hpp"
#include "protocol/telemetry/otlp.hpp"
#include "protocol/telemetry/result.hpp"

namespace troupe::telemetry {

/// The one encoding of the model as bytes, for disks and links: chunks and blocks are sent once and named by id,
/// batches are columns that name their block. Little endian, doubles as their bits. Every decoder checks each length
/// against what is there and rejects what does not fit; none allocates more than a small multiple of its input.
///
/// A chunk: its families and its texts.
void encode_chunk(const series_chunk& chunk, std::string& out);
result<chunk_ref> decode_chunk(std::string_view bytes);

/// A block names its chunks by ids that the caller gives (`series_chunk::hash()` on disk).
void encode_block(const series_block& block, std::string& out);
/// `chunk_of(id)` returns a chunk seen before, or null: then the block cannot be decoded. The lane is restored.
result<std::shared_ptr<series_block>> decode_block(std::string_view bytes,
                                                   const std::function<chunk_ref(std::uint64_t)>& chunk_of);

/// A batch names its block by `block_id` (the sender's).
void encode_metrics(const metrics_batch& batch, std::uint64_t block_id, std::string& out);
/// `block_of(id)` as above.
result<metrics_ref> decode_metrics(std::string_view bytes, const std::function<block_ref(std::uint64_t)>& block_of);

/// Logs and otelcol signals stand for themselves: no definitions.
void encode_logs(const logs_batch& batch, std::string& out);
result<logs_ref> decode_logs(std::string_view bytes);
void encode_otlp(const otlp_batch& batch, std::string& out);
result<otlp_ref> decode_otlp(std::string_view bytes);

}  // namespace troupe::telemetry
