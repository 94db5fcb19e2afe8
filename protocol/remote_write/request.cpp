#include "protocol/remote_write/request.hpp"

#include <snappy.h>

#include "protocol/remote_write/wire.hpp"

namespace troupe::remote_write {

void request_builder::add(const block_template& from, std::size_t piece, const telemetry::metrics_batch& batch,
                          bool exemplars) {
  const auto& about = from.pieces()[piece];
  part one{&from, piece, &batch, from.way_of(piece, batch, exemplars), {}};
  if (one.how == block_template::way::slow) {
    const auto sent = from.append_slow(piece, batch, exemplars, one.slow);
    raw_bytes_ += sent.raw_bytes;
    exemplars_ += sent.exemplars;
    wire_bytes_ += one.slow.size();
  } else {
    raw_bytes_ += about.raw_bytes;
    wire_bytes_ += about.end - about.begin;
  }
  samples_ += about.count;
  parts_.push_back(std::move(one));
}

std::string request_builder::finish() {
  std::string out;
  out.reserve(10 + wire_bytes_);
  put_varint(raw_bytes_, out);
  for (const auto& one : parts_) {
    switch (one.how) {
      case block_template::way::one_time:
        one.from->append(one.piece, *one.batch, out);
        break;
      case block_template::way::own_times:
        one.from->append_own_times(one.piece, *one.batch, out);
        break;
      case block_template::way::slow:
        out += one.slow;
        break;
    }
  }
  return out;
}

std::string encode_metadata(const std::vector<const telemetry::metric_family*>& families) {
  std::string raw, body;
  for (const auto* one : families) {
    body.clear();
    body.push_back(field::metadata_type);
    put_varint(static_cast<std::uint64_t>(one->type), body);
    put_text(field::metadata_name, one->name, body);
    if (!one->help.empty()) put_text(field::metadata_help, one->help, body);
    if (!one->unit.empty()) put_text(field::metadata_unit, one->unit, body);
    put_text(field::metadata, body, raw);
  }
  std::string packed;
  snappy::Compress(raw.data(), raw.size(), &packed);
  return packed;
}

}  // namespace troupe::remote_write
