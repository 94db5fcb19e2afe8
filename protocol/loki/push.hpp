#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "protocol/telemetry/logs.hpp"

namespace troupe::loki {

/// Builds one PushRequest. Entries of streams with the same labels stay in the order in which they were added.
class push_builder {
 public:
  /// `labels`: as stream_labels() makes them. The texts are copied; what is not UTF-8 becomes U+FFFD.
  void add(std::string_view labels, const telemetry::logs_batch::entry& entry);

  [[nodiscard]] std::size_t streams() const { return streams_.size(); }
  [[nodiscard]] bool has(std::string_view labels) const { return by_labels_.contains(labels); }
  [[nodiscard]] std::uint64_t entries() const { return entries_; }
  /// The message as one snappy block; the builder is empty again.
  [[nodiscard]] std::string finish();

 private:
  struct stream {
    std::string labels;
    std::string entries;  // encoded, each with its tag and size
  };
  [[nodiscard]] stream& stream_of(std::string_view labels);

  std::deque<stream> streams_;
  std::unordered_map<std::string_view, stream*> by_labels_;  // the keys are the streams' own
  stream* last_ = nullptr;
  std::string metadata_;
  std::uint64_t entries_ = 0;
};

/// What of an endpoint's batch_size an entry takes, as Loki's clients count: its line and its structured metadata.
[[nodiscard]] std::size_t size_of(const telemetry::logs_batch::entry& entry);

}  // namespace troupe::loki
