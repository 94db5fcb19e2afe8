#include "protocol/remote_write/journal_record.hpp"

#include "protocol/remote_write/wire.hpp"
#include "protocol/remote_write/word_pack.hpp"
#include "protocol/telemetry/codec.hpp"

namespace troupe::remote_write {

namespace {

// Chunks are known by their content, blocks by a number of this process: two kinds of ids that must not meet.
definition_id chunk_id(std::uint64_t hash) {
  return hash | 1;
}
definition_id block_id(std::uint64_t id) {
  return id << 1;
}

/// Says how the rest of a record is encoded: as packed words. (Plain batches begin with the codec's version.)
constexpr char packed_record = '\x50';
/// What telemetry::encode_metrics() writes before the number of values. Words that begin elsewhere are only larger.
constexpr std::size_t before_values = 42;

}  // namespace

std::vector<definition_id> definitions_of(const telemetry::series_block& block) {
  std::vector<definition_id> all;
  all.reserve(block.chunks().size() + 1);
  for (const auto& chunk : block.chunks())
    all.push_back(chunk_id(chunk->hash()));
  all.push_back(block_id(block.id()));
  return all;
}

std::string definition(const telemetry::series_block& block, definition_id id) {
  std::string out;
  if (id == block_id(block.id())) {
    telemetry::encode_block(block, out);
    return out;
  }
  for (const auto& chunk : block.chunks()) {
    if (chunk_id(chunk->hash()) != id) continue;
    telemetry::encode_chunk(*chunk, out);
    break;
  }
  return out;
}

void encode_record(const telemetry::metrics_batch& batch, std::string& out) {
  // To pack a value takes less time than the bytes saved would take on their way to the disk.
  std::string plain;
  plain.reserve(before_values + 16 + batch.values.size() * sizeof(double));
  telemetry::encode_metrics(batch, block_id(batch.block->id()), plain);
  out.push_back(packed_record);
  pack_words(plain, before_values + varint_size(batch.values.size()), out);
}

telemetry::block_ref record_decoder::block(definition_id id, const lookup& find) {
  const auto known = blocks_.find(id);
  if (known != blocks_.end()) return known->second;
  const auto decoded = telemetry::decode_block(find(id), [&](std::uint64_t hash) -> telemetry::chunk_ref {
    auto chunk = telemetry::decode_chunk(find(chunk_id(hash)));
    return chunk ? *chunk : nullptr;
  });
  if (!decoded) return nullptr;
  blocks_.emplace(id, *decoded);
  return *decoded;
}

result<telemetry::metrics_ref> record_decoder::decode(std::string_view payload, std::uint64_t segment,
                                                      const lookup& find) {
  if (segment != segment_) {
    blocks_.clear();
    segment_ = segment;
  }
  if (payload.empty() || payload.front() != packed_record)
    return failure("cannot decode a record of metrics: it is damaged, or from another version");
  const auto plain = unpack_words(payload.substr(1));
  if (!plain) return failure("cannot decode a record of metrics: " + plain.error().message);
  return telemetry::decode_metrics(*plain, [&](std::uint64_t id) { return block(id, find); });
}

}  // namespace troupe::remote_write
