#pragma once

#include <deque>

#include "actors/prometheus/remote_write/endpoint.hpp"
#include "protocol/journal/journal.hpp"
#include "protocol/remote_write/journal_record.hpp"

namespace troupe::prometheus {

/// What endpoints read from: the batches appended last, in memory, bounded; what is older, from the journal. One reader
/// each.
class recent_batches {
 public:
  explicit recent_batches(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void add(sequence number, telemetry::metrics_ref batch);
  /// All endpoints have read up to here.
  void forget_before(sequence number);
  [[nodiscard]] std::optional<batch_source::entry> find(sequence number) const;
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::deque<batch_source::entry> entries_;  // consecutive numbers
  std::size_t max_bytes_, bytes_ = 0;
};

/// One endpoint's view of both.
class journal_source final : public batch_source {
 public:
  journal_source(const journal::journal& of, const recent_batches& recent) : journal_(of), recent_(recent) {}
  [[nodiscard]] std::optional<entry> read(sequence from) override;
  /// Records that could not be read or decoded, so far; words of the last one.
  [[nodiscard]] std::uint64_t damaged() const { return damaged_; }
  [[nodiscard]] const std::string& last_error() const { return last_error_; }

 private:
  [[nodiscard]] std::optional<entry> read_disk(sequence from);

  const journal::journal& journal_;
  const recent_batches& recent_;
  std::optional<journal::reader> reader_;  // while it is behind
  remote_write::record_decoder decoder_;
  std::uint64_t damaged_ = 0;
  std::string last_error_;
};

}  // namespace troupe::prometheus
