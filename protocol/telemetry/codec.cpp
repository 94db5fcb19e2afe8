#include "protocol/telemetry/codec.hpp"

#include <limits>
#include <optional>

#include "protocol/telemetry/coding.hpp"
#include "protocol/telemetry/series_text.hpp"

namespace troupe::telemetry {
namespace {

using namespace coding;

std::optional<metric_family> read_family(reader& in) {
  const auto type = in.fixed<std::uint8_t>();
  if (type > static_cast<std::uint8_t>(metric_type::stateset)) return std::nullopt;
  metric_family family;
  family.type = static_cast<metric_type>(type);
  family.name = in.text();
  family.help = in.text();
  family.unit = in.text();
  family.page_text = in.text();
  if (!in.ok()) return std::nullopt;
  return family;
}

}  // namespace

void encode_chunk(const series_chunk& chunk, std::string& out) {
  writer put(out);
  put.number(chunk.size());
  std::size_t text_size = 0;
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    put.number(chunk.text(i).size());
    text_size += chunk.text(i).size();
  }
  if (text_size > 0) out.append(chunk.text(0).data(), text_size);
  put.number(chunk.families().size());
  for (const auto& [first, family] : chunk.families()) {
    put.number(first);
    put.fixed(static_cast<std::uint8_t>(family->type));
    put.text(family->name);
    put.text(family->help);
    put.text(family->unit);
    put.text(family->page_text);
  }
}

result<chunk_ref> decode_chunk(std::string_view bytes) {
  reader in(bytes);
  const std::size_t size = in.count(2);
  std::vector<std::uint32_t> ends;
  ends.reserve(size);
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < size && in.ok(); ++i) {
    const std::uint64_t length = in.number();
    if (length > bytes.size()) return damaged("chunk of series");
    end += length;
    if (end > std::numeric_limits<std::uint32_t>::max()) return damaged("chunk of series");
    ends.push_back(static_cast<std::uint32_t>(end));
  }
  const std::string_view text = in.raw(end);
  std::vector<family_start> families;
  const std::size_t family_count = in.count(6);
  if (family_count > size || (size > 0) != (family_count > 0)) return damaged("chunk of series");
  families.reserve(family_count);
  for (std::size_t i = 0; i < family_count; ++i) {
    const std::uint64_t first = in.number();
    const bool in_order = i == 0 ? first == 0 : first > families.back().first && first < size;
    auto family = read_family(in);
    if (!in_order || !family) return damaged("chunk of series");
    families.push_back({static_cast<std::uint32_t>(first), intern(std::move(*family))});
  }
  if (!in.whole()) return damaged("chunk of series");
  series_chunk chunk(std::string(text), std::move(ends), std::move(families));
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    if (auto read = scan_series(chunk.text(i), series_syntax::prometheus_text); !read) {
      return failure("cannot decode a chunk of series: series " + std::to_string(i) + ": " + read.error().message);
    }
  }
  return intern(std::move(chunk));
}

void encode_block(const series_block& block, std::string& out) {
  writer put(out);
  put.fixed(block.lane());
  put.fixed(static_cast<std::uint8_t>(block.conflict()));
  put.pairs(block.common());
  put.number(block.chunks().size());
  for (const auto& chunk : block.chunks())
    put.fixed(chunk->hash());
}

result<std::shared_ptr<series_block>> decode_block(std::string_view bytes,
                                                   const std::function<chunk_ref(std::uint64_t)>& chunk_of) {
  reader in(bytes);
  const auto lane = in.fixed<std::uint64_t>();
  const auto conflict = in.fixed<std::uint8_t>();
  if (conflict > static_cast<std::uint8_t>(label_conflict::keep_exposed)) return damaged("block of series");
  label_set::container labels;
  in.pairs(labels);
  if (!in.ok()) return damaged("block of series");
  label_set common(labels);
  if (common.items() != labels) return damaged("block of series");
  std::vector<chunk_ref> chunks(in.count(sizeof(std::uint64_t)));
  for (auto& chunk : chunks) {
    const auto id = in.fixed<std::uint64_t>();
    chunk = chunk_of(id);
    if (chunk == nullptr)
      return failure("cannot decode a block of series: it names an unknown chunk " + std::to_string(id));
  }
  if (!in.whole()) return damaged("block of series");
  auto block =
      std::make_shared<series_block>(std::move(chunks), std::move(common), static_cast<label_conflict>(conflict));
  block->set_lane(lane);
  return block;
}

void encode_metrics(const metrics_batch& batch, std::uint64_t block_id, std::string& out) {
  writer put(out);
  put.fixed(block_id);
  put.fixed(batch.timestamp_ms);
  put_origin(put, batch, batch.own_timestamps_ms.empty() ? 0 : own_timestamps);
  put.number(batch.values.size());
  put.column(batch.values);
  put.column(batch.own_timestamps_ms);
  put.number(batch.exemplars.size());
  for (const auto& each : batch.exemplars) {
    put.number(each.series);
    put.fixed(each.value);
    put.fixed(each.timestamp_ms);
    put.text(each.labels);
  }
}

result<metrics_ref> decode_metrics(std::string_view bytes, const std::function<block_ref(std::uint64_t)>& block_of) {
  reader in(bytes);
  auto batch = std::make_shared<metrics_batch>();
  const auto block_id = in.fixed<std::uint64_t>();
  batch->timestamp_ms = in.fixed<std::int64_t>();
  const auto flags = read_origin(in, *batch, own_timestamps);
  if (!in.ok()) return damaged("batch of metrics");
  batch->block = block_of(block_id);
  if (batch->block == nullptr) {
    return failure("cannot decode a batch of metrics: it names an unknown block " + std::to_string(block_id));
  }
  const std::size_t size = in.count(sizeof(double));
  if (size != batch->block->size()) return damaged("batch of metrics");
  batch->values = in.column<double>(size);
  if ((flags & own_timestamps) != 0) {
    if (size == 0) return damaged("batch of metrics");
    batch->own_timestamps_ms = in.column<std::int64_t>(size);
  }
  constexpr std::size_t least_exemplar = 18;
  batch->exemplars.resize(in.count(least_exemplar));
  std::uint64_t next = 0;
  for (auto& each : batch->exemplars) {
    const std::uint64_t series = in.number();
    if (series < next || series >= size) return damaged("batch of metrics");
    next = series + 1;
    each.series = static_cast<std::uint32_t>(series);
    each.value = in.fixed<double>();
    each.timestamp_ms = in.fixed<std::int64_t>();
    each.labels = in.text();
  }
  if (!in.whole()) return damaged("batch of metrics");
  return batch;
}

}  // namespace troupe::telemetry
