#include "protocol/loki/push.hpp"

#include <snappy.h>

#include "protocol/telemetry/protobuf.hpp"
#include "protocol/telemetry/utf8.hpp"

namespace troupe::loki {

namespace {

using namespace telemetry::protobuf;

namespace field {
constexpr char streams = 0x0a;                                  // of PushRequest
constexpr char labels = 0x0a, entries = 0x12;                   // of Stream
constexpr char timestamp = 0x0a, line = 0x12, metadata = 0x1a;  // of Entry
constexpr char seconds = 0x08, nanos = 0x10;                    // of Timestamp
constexpr char name = 0x0a, value = 0x12;                       // of LabelPair
}  // namespace field

constexpr std::int64_t second = 1'000'000'000;

/// google.protobuf.Timestamp: nanoseconds count forward from the second, also before 1970.
struct timestamp {
  explicit timestamp(std::int64_t ns) : nanos(ns % second), seconds(ns / second) {
    if (nanos < 0) nanos += second, --seconds;
  }
  [[nodiscard]] std::size_t size() const {
    return (seconds == 0 ? 0 : 1 + varint_size(static_cast<std::uint64_t>(seconds))) +
           (nanos == 0 ? 0 : 1 + varint_size(static_cast<std::uint64_t>(nanos)));
  }
  void put(std::string& out) const {
    out.push_back(field::timestamp);
    put_varint(size(), out);
    if (seconds != 0) out.push_back(field::seconds), put_varint(static_cast<std::uint64_t>(seconds), out);
    if (nanos != 0) out.push_back(field::nanos), put_varint(static_cast<std::uint64_t>(nanos), out);
  }
  std::int64_t nanos, seconds;
};

void put_repaired(char tag, std::string_view text, std::string& out) {
  if (telemetry::is_valid_utf8(text)) return put_text(tag, text, out);
  std::string repaired;
  telemetry::append_repaired_utf8(text, repaired);
  put_text(tag, repaired, out);
}

void put_metadata(std::span<const telemetry::label_view> all, std::string& out) {
  std::string pair;
  for (const auto& [name, value] : all) {
    pair.clear();
    put_repaired(field::name, name, pair);
    put_repaired(field::value, value, pair);
    put_text(field::metadata, pair, out);
  }
}

}  // namespace

std::size_t size_of(const telemetry::logs_batch::entry& entry) {
  std::size_t size = entry.line.size();
  for (const auto& [name, value] : entry.metadata)
    size += name.size() + value.size();
  return size;
}

push_builder::stream& push_builder::stream_of(std::string_view labels) {
  if (last_ != nullptr && last_->labels == labels) return *last_;
  if (const auto known = by_labels_.find(labels); known != by_labels_.end()) return *(last_ = known->second);
  last_ = &streams_.emplace_back(stream{std::string(labels), {}});
  by_labels_.emplace(last_->labels, last_);
  return *last_;
}

void push_builder::add(std::string_view labels, const telemetry::logs_batch::entry& entry) {
  auto& out = stream_of(labels).entries;
  const timestamp when(entry.timestamp_ns);
  std::string repaired;
  auto line = entry.line;
  if (!telemetry::is_valid_utf8(line)) {
    telemetry::append_repaired_utf8(line, repaired);
    line = repaired;
  }
  metadata_.clear();
  put_metadata(entry.metadata, metadata_);
  out.push_back(field::entries);
  put_varint(text_size(when.size()) + (line.empty() ? 0 : text_size(line.size())) + metadata_.size(), out);
  when.put(out);
  if (!line.empty()) put_text(field::line, line, out);
  out += metadata_;
  ++entries_;
}

std::string push_builder::finish() {
  std::size_t size = 0;
  const auto size_of = [](const stream& one) { return text_size(one.labels.size()) + one.entries.size(); };
  for (const auto& one : streams_)
    size += text_size(size_of(one));
  std::string message;
  message.reserve(size);
  for (const auto& one : streams_) {
    message.push_back(field::streams);
    put_varint(size_of(one), message);
    put_text(field::labels, one.labels, message);
    message += one.entries;
  }
  by_labels_.clear();
  streams_.clear();
  last_ = nullptr;
  entries_ = 0;
  std::string compressed;
  snappy::Compress(message.data(), message.size(), &compressed);
  return compressed;
}

}  // namespace troupe::loki
