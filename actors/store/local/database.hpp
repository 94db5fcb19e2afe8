#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/store/local/sqlite.hpp"
#include "protocol/telemetry/batch.hpp"

namespace troupe::store {

struct retention {
  std::int64_t max_age_ms = 0;
  std::uint64_t max_bytes = 0;
};

struct removed {
  std::uint64_t by_age = 0, by_size = 0;  ///< samples
};

/// The writing side. A batch is one row as it comes; every few minutes the rows of a block become one chunk per series.
/// One thread at a time, any; readers have connections of their own.
class database {
 public:
  /// A file that is no database, or a damaged one, is renamed to `.damaged` and `note` says so.
  [[nodiscard]] static result<std::unique_ptr<database>> open(const std::string& path, std::string& note);

  /// All of them or none. What is written stays written, whatever happens to the process.
  [[nodiscard]] result<void> write(std::span<const telemetry::metrics_ref> batches);
  /// Turns rows older than `before_ms` into chunks.
  [[nodiscard]] result<void> compact(std::int64_t before_ms);
  /// Removes what is beyond the bounds, oldest first.
  [[nodiscard]] result<removed> retain(const retention& bounds, std::int64_t now_ms);

  [[nodiscard]] std::uint64_t bytes();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct known_block {
    std::weak_ptr<const telemetry::series_block> of;
    std::int64_t id = 0;
  };
  explicit database(std::string path);
  [[nodiscard]] result<void> prepare();
  [[nodiscard]] result<std::int64_t> block_id(const telemetry::block_ref& block);
  [[nodiscard]] result<std::int64_t> series_id(const telemetry::label_buffer& labels);
  [[nodiscard]] result<void> compact_block(std::int64_t block, std::int64_t before_ms);
  [[nodiscard]] result<void> remove_empty_series();
  void forget_unused();

  std::string path_;
  connection db_;
  std::unordered_map<std::uint64_t, known_block> blocks_;  // by the process' id
  struct statements;
  std::unique_ptr<statements> statements_;

 public:
  ~database();
};

/// Labels as a JSON object, the form in which series are kept.
[[nodiscard]] std::string labels_json(const std::vector<telemetry::label_view>& labels);

}  // namespace troupe::store
