#pragma once

#include <cstdint>
#include <deque>
#include <map>
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
    telemetry::batch_ref batch;  ///< null: the record can't be read, ever
    std::string damage{};        ///< why
    std::uint64_t missing = 0;   ///< entries before it that were there once and can't be found any more
  };
  virtual ~batch_source() = default;
  /// The first entry at or after `from`; nothing: there is none yet. After an error it may be tried again.
  [[nodiscard]] virtual result<std::optional<entry>> read(sequence from) = 0;
};

/// Batches in memory: those appended last, bounded, and those that the journal could not take.
class recent_batches {
 public:
  explicit recent_batches(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void add(sequence number, telemetry::batch_ref batch);
  /// All endpoints have read up to here.
  void forget_before(sequence number);
  /// One that is nowhere else: kept until let_go().
  void hold(sequence number, telemetry::batch_ref batch) { held_.emplace(number, std::move(batch)); }
  void let_go(sequence number) { held_.erase(number); }
  [[nodiscard]] std::optional<batch_source::entry> find(sequence number) const;
  /// The first of those that are held, at or after this number.
  [[nodiscard]] std::optional<batch_source::entry> held_from(sequence number) const;
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::deque<batch_source::entry> entries_;  // consecutive numbers
  std::size_t max_bytes_, bytes_ = 0;
  std::map<sequence, telemetry::batch_ref> held_;
};

/// One endpoint's view of them and of the journal.
class journal_source final : public batch_source {
 public:
  journal_source(const journal::journal& of, const recent_batches& recent, const record_format& format)
      : journal_(of), recent_(recent), decoder_(format.decoder()) {}
  [[nodiscard]] result<std::optional<entry>> read(sequence from) override;

 private:
  [[nodiscard]] result<std::optional<entry>> read_disk(sequence from);

  const journal::journal& journal_;
  const recent_batches& recent_;
  std::optional<journal::reader> reader_;  // while it is behind
  std::uint64_t missing_ = 0;              // told of what it misses
  std::unique_ptr<record_decoder> decoder_;
};

}  // namespace troupe::writer
