// The first byte chooses: a message of remote write as it comes from outside, compressed or not yet; a record of a
// journal; or lines of a page that are sent, in any of the three ways, and must arrive as they were.

#include <snappy.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/remote_write/decode.hpp"
#include "protocol/remote_write/journal_record.hpp"
#include "protocol/remote_write/request.hpp"
#include "protocol/telemetry/codec.hpp"
#include "protocol/telemetry/series_text.hpp"

using namespace troupe;
using namespace troupe::remote_write;

namespace {

constexpr decode_limits limits{std::size_t{1} << 20, 100, 10'000};

void require(bool holds) {
  if (!holds) std::abort();
}

void read_message(std::string_view body) {
  const auto got = decode_request(body, limits);
  require(got || !got.error().message.empty());
}

void read_uncompressed(std::string_view raw) {
  std::string packed;
  snappy::Compress(raw.data(), raw.size(), &packed);
  read_message(packed);
}

/// Of a block of three series, whatever the record says.
void read_record(std::string_view payload) {
  static const auto block = [] {
    telemetry::chunk_builder builder;
    builder.family(telemetry::intern(telemetry::metric_family{}));
    for (const char* line : {"a ", "b{c=\"d\"} ", "e "})
      builder.series(line);
    return std::make_shared<telemetry::series_block>(builder.finish(), telemetry::label_set{});
  }();
  record_decoder decoder;
  std::string chunk, whole;
  telemetry::encode_chunk(*block->chunks().front(), chunk);
  telemetry::encode_block(*block, whole);
  const auto find = [&](definition_id id) { return std::string_view(id % 2 != 0 ? chunk : whole); };  // odd: chunks
  const auto got = decoder.decode(payload, 1, find);
  if (!got) return;
  std::string record;
  encode_record(**got, record);
  const auto again = decoder.decode(record, 1, find);
  require(again.has_value());
  const auto& one = **got;
  const auto& other = **again;
  require(one.values.size() == 3 && std::memcmp(one.values.data(), other.values.data(), 3 * sizeof(double)) == 0);
  require(one.timestamp_ms == other.timestamp_ms && one.own_timestamps_ms == other.own_timestamps_ms);
  require(one.context == other.context && one.exemplars.size() == other.exemplars.size());
}

/// Lines of labels; before each a byte that is its value, its time and its exemplar.
void send(std::string_view text) {
  telemetry::chunk_builder builder;
  builder.family(telemetry::intern(telemetry::metric_family{}));
  telemetry::metrics_batch batch;
  batch.timestamp_ms = 1'700'000'000'000;
  while (!text.empty()) {
    const auto how = static_cast<unsigned char>(text.front());
    const auto end = std::min(text.find('\n'), text.size());
    const std::string line = "m{" + std::string(text.substr(1, end == 0 ? 0 : end - 1)) + "}";
    text.remove_prefix(std::min(end + 1, text.size()));
    telemetry::label_buffer labels;
    if (!telemetry::scan_series(line, telemetry::series_syntax::prometheus_text)) continue;
    if (!telemetry::parse_series_text(line, telemetry::metric_type::unknown, labels)) continue;
    if (labels.to_set().size() != labels.labels().size()) continue;  // empty values, or doubled names
    const auto index = static_cast<std::uint32_t>(batch.values.size());
    builder.series(line + " ");
    batch.values.push_back(how / 3.0);
    batch.own_timestamps_ms.push_back(how % 4 == 0   ? telemetry::metrics_batch::no_timestamp
                                      : how % 4 == 1 ? batch.timestamp_ms - how
                                      : how == 255   ? -5
                                                     : batch.timestamp_ms);
    if (how == 254) batch.exemplars.push_back({index, "{a=\"b\"}", 1, 2});
  }
  const auto block = std::make_shared<telemetry::series_block>(builder.finish(), telemetry::label_set{{"m", "n"}});
  batch.block = block;
  const block_template steady(block, {}, 5);
  request_builder request;
  for (std::size_t i = 0; i < steady.pieces().size(); ++i)
    request.add(steady, i, batch, true);
  const auto got = decode_request(request.finish());
  require(got && got->series.size() == batch.values.size());
  block->for_each([&](std::size_t i, const telemetry::label_buffer& labels, const telemetry::metric_family&) {
    const auto& one = got->series[i];
    require(one.labels == labels.to_set() && one.samples.size() == 1);
    require(one.samples[0].value == batch.values[i] && one.samples[0].timestamp_ms == batch.timestamp_of(i));
  });
  require(request.exemplars() == batch.exemplars.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      read_message(rest);
      break;
    case 1:
      read_uncompressed(rest);
      break;
    case 2:
      read_record(rest);
      break;
    default:
      send(rest);
  }
  return 0;
}
