#include "protocol/telemetry/codec.hpp"

#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>

#include "protocol/telemetry/series_text.hpp"

namespace troupe::telemetry {
namespace {

static_assert(std::endian::native == std::endian::little, "columns are copied as they lie in memory");

constexpr std::uint8_t version = 1;

enum batch_flag : std::uint8_t { sampled = 1, self_telemetry = 2, own_timestamps = 4, all_flags = 7 };

class writer {
 public:
  explicit writer(std::string& out) : out_(out) { fixed(version); }

  template <class T>
  void fixed(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  void text(std::string_view value) {
    number(value.size());
    out_ += value;
  }
  template <class T>
  void column(const std::vector<T>& values) {
    out_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }

 private:
  std::string& out_;
};

/// Reads until something does not fit; from then on it gives zeros and says so.
class reader {
 public:
  explicit reader(std::string_view bytes) : left_(bytes) {
    if (fixed<std::uint8_t>() != version) ok_ = false;
  }

  template <class T>
  T fixed() {
    T value{};
    if (!has(sizeof value)) return value;
    std::memcpy(&value, left_.data(), sizeof value);
    left_.remove_prefix(sizeof value);
    return value;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = fixed<std::uint8_t>();
      if (shift == 63 && byte > 1) break;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }
  /// A count of things that take at least `least` bytes each.
  std::size_t count(std::size_t least) {
    const std::uint64_t value = number();
    if (value > left_.size() / least) ok_ = false;
    return ok_ ? static_cast<std::size_t>(value) : 0;
  }
  std::string_view raw(std::uint64_t size) {
    if (!has(size)) return {};
    const std::string_view value = left_.substr(0, size);
    left_.remove_prefix(size);
    return value;
  }
  std::string_view text() { return raw(number()); }
  template <class T>
  std::vector<T> column(std::size_t count) {
    if (count > left_.size() / sizeof(T)) ok_ = false;
    if (!ok_ || count == 0) return {};
    std::vector<T> values(count);
    std::memcpy(values.data(), left_.data(), count * sizeof(T));
    left_.remove_prefix(count * sizeof(T));
    return values;
  }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool whole() const { return ok_ && left_.empty(); }

 private:
  bool has(std::uint64_t size) {
    if (size > left_.size()) ok_ = false;
    return ok_;
  }

  std::string_view left_;
  bool ok_ = true;
};

tl::unexpected<error> damaged(const char* what) {
  return failure(std::string("cannot decode a ") + what + ": its bytes are damaged, or from another version");
}

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
  put.number(block.common().size());
  for (const auto& [name, value] : block.common()) {
    put.text(name);
    put.text(value);
  }
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
  label_set::container labels(in.count(2));
  for (auto& [name, value] : labels) {
    name = in.text();
    value = in.text();
  }
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
  put.fixed(static_cast<std::uint8_t>((batch.context.sampled ? sampled : 0) |
                                      (batch.self_telemetry ? self_telemetry : 0) |
                                      (batch.own_timestamps_ms.empty() ? 0 : own_timestamps)));
  put.fixed(batch.context.trace_id);
  put.fixed(batch.context.span_id);
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
  const auto flags = in.fixed<std::uint8_t>();
  if (!in.ok() || (flags & ~all_flags) != 0) return damaged("batch of metrics");
  batch->context.sampled = (flags & sampled) != 0;
  batch->self_telemetry = (flags & self_telemetry) != 0;
  batch->context.trace_id = in.fixed<std::array<std::uint8_t, 16>>();
  batch->context.span_id = in.fixed<std::array<std::uint8_t, 8>>();
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
