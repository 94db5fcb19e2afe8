#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "actors/writer/record_format.hpp"
#include "protocol/journal/journal.hpp"

namespace troupe::writer {

using journal::sequence;

/// Where an endpoint gets batches from, in the order of the journal: memory for one that keeps up, else the disk.
class batch_source {
 public:
  struct entry {
    sequence number = 0;
    telemetry::batch_ref batch;  ///< null: the record is damaged and was counted
  };
  virtual ~batch_source() = default;
  /// The first entry at or after `from`; nothing: there is none yet.
  [[nodiscard]] virtual std::optional<entry> read(sequence from) = 0;
};

/// The batches appended last, in memory, bounded.
class recent_batches {
 public:
  explicit recent_batches(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void add(sequence number, telemetry::batch_ref batch);
  /// All endpoints have read up to here.
  void forget_before(sequence number);
  [[nodiscard]] std::optional<batch_source::entry> find(sequence number) const;
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::deque<batch_source::entry> entries_;  // consecutive numbers
  std::size_t max_bytes_, bytes_ = 0;
};

/// One endpoint's view of them and of the journal.
class journal_source final : public batch_source {
 public:
  journal_source(const journal::journal& of, const recent_batches& recent, const record_format& format)
      : journal_(of), recent_(recent), decoder_(format.decoder()) {}
  [[nodiscard]] std::optional<entry> read(sequence from) override;
  /// Records that could not be read or decoded, so far; words of the last one.
  [[nodiscard]] std::uint64_t damaged() const { return damaged_; }
  [[nodiscard]] const std::string& last_error() const { return last_error_; }

 private:
  [[nodiscard]] std::optional<entry> read_disk(sequence from);

  const journal::journal& journal_;
  const recent_batches& recent_;
  std::optional<journal::reader> reader_;  // while it is behind
  std::unique_ptr<record_decoder> decoder_;
  std::uint64_t damaged_ = 0;
  std::string last_error_;
};

}  // namespace troupe::writer
