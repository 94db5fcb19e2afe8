#include "protocol/telemetry/codec.hpp"
#include "protocol/telemetry/coding.hpp"

namespace troupe::telemetry {

using namespace coding;

void encode_logs(const logs_batch& batch, std::string& out) {
  out.reserve(out.size() + batch.text_bytes() + 24 * batch.items() + 64);
  writer put(out);
  put_origin(put, batch);
  put.number(batch.streams().size());
  for (const auto& stream : batch.streams()) {
    put.pairs(*stream.labels);
    put.number(stream.end - stream.begin);
    for (auto i = stream.begin; i < stream.end; ++i) {
      const auto& entry = batch.at(i);
      put.fixed(entry.timestamp_ns);
      put.text(entry.line);
      put.pairs(entry.metadata);
    }
  }
}

result<logs_ref> decode_logs(std::string_view bytes) {
  reader in(bytes);
  logs_batch origin;
  (void)read_origin(in, origin);
  logs_builder building;
  std::vector<label_view> metadata;
  const std::size_t streams = in.count(2);
  for (std::size_t i = 0; i < streams && in.ok(); ++i) {
    label_set::container labels;
    in.pairs(labels);
    if (!in.ok()) break;
    const auto stream = std::make_shared<const label_set>(std::move(labels));
    constexpr std::size_t least_entry = 10;
    const std::size_t entries = in.count(least_entry);
    for (std::size_t j = 0; j < entries && in.ok(); ++j) {
      const auto timestamp_ns = in.fixed<std::int64_t>();
      const auto line = in.text();
      in.pairs(metadata);
      if (in.ok()) building.add(stream, timestamp_ns, line, metadata);
    }
  }
  if (!in.whole()) return damaged("batch of logs");
  auto batch = building.finish();
  batch->context = origin.context;
  batch->self_telemetry = origin.self_telemetry;
  return batch;
}

void encode_otlp(const otlp_batch& batch, std::string& out) {
  writer put(out);
  put_origin(put, batch);
  put.fixed(static_cast<std::uint8_t>(batch.what));
  put.number(batch.count);
  put.text(batch.message);
}

result<otlp_ref> decode_otlp(std::string_view bytes) {
  reader in(bytes);
  auto batch = std::make_shared<otlp_batch>();
  (void)read_origin(in, *batch);
  const auto what = in.fixed<std::uint8_t>();
  batch->count = in.number();
  batch->message = in.text();
  if (!in.whole() || what > static_cast<std::uint8_t>(otlp_kind::logs)) return damaged("batch of otelcol signals");
  batch->what = static_cast<otlp_kind>(what);
  return batch;
}

}  // namespace troupe::telemetry
