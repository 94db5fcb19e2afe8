#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/store/local/samples.hpp"
#include "actors/store/local/store_file.hpp"
#include "protocol/telemetry/batch.hpp"

namespace troupe::store {

/// Which rows become chunks: those older than `before_ms`. A block's rows wait until `rows` of them are there, for long
/// chunks cost less; but not longer than `age_ms`, not when more than `bytes` wait in all, and not once the block has
/// gone.
struct compaction {
  std::int64_t before_ms = 0;
  std::int64_t rows = 1;
  std::int64_t age_ms = 0;
  std::uint64_t bytes = 0;
};

/// The writing side. A batch is one row as it comes; every now and then the rows of a block become one chunk per
/// series. One thread at a time, any; readers have connections of their own.
class database final : public store_file {
 public:
  /// A file that is no database, or a damaged one, is set aside and `note` says so.
  [[nodiscard]] static result<std::unique_ptr<database>> open(const std::string& path, std::string& note);
  ~database() override;

  /// All of them or none. What is written stays written when the process dies; the last second may go with the machine.
  [[nodiscard]] result<void> write(std::span<const telemetry::metrics_ref> batches);
  [[nodiscard]] result<void> compact(const compaction& which);

  [[nodiscard]] std::int64_t series() const { return series_; }

 private:
  struct known_block {
    std::weak_ptr<const telemetry::series_block> of;
    std::int64_t id = 0;
  };
  database();
  [[nodiscard]] result<void> ready() override;
  [[nodiscard]] result<std::int64_t> block_id(const telemetry::block_ref& block);
  [[nodiscard]] result<std::int64_t> series_id(const telemetry::label_buffer& labels);
  [[nodiscard]] result<void> count_series();
  [[nodiscard]] result<std::vector<std::int64_t>> blocks_worth_compacting(const compaction& which);
  [[nodiscard]] result<void> compact_block(std::int64_t block, std::int64_t before_ms);
  [[nodiscard]] result<void> add_chunk(std::int64_t series, std::vector<sample> samples);
  [[nodiscard]] result<std::uint64_t> remove_before(std::int64_t time_ms) override;
  [[nodiscard]] result<std::uint64_t> remove_oldest() override;
  [[nodiscard]] result<void> remove_unused() override;

  std::int64_t series_ = 0;
  std::unordered_map<std::uint64_t, known_block> blocks_;  // by the process' id
  struct statements;
  std::unique_ptr<statements> statements_;
};

}  // namespace troupe::store
