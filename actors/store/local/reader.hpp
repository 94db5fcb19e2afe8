#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "actors/store/local/samples.hpp"
#include "actors/store/local/selector.hpp"
#include "actors/store/local/sqlite.hpp"

namespace troupe::store {

struct found_series {
  std::int64_t id = 0;
  telemetry::label_set labels;
};
struct series_list {
  std::vector<found_series> series;
  bool truncated = false;  ///< there are more than the limit
};

/// Queries, on a connection that only reads: never in the way of the writer. Any thread; one query at a time. A query
/// that takes longer than a few seconds ends with an error.
class reader {
 public:
  [[nodiscard]] static result<std::unique_ptr<reader>> open(const std::string& path);

  [[nodiscard]] result<series_list> series(const selector& which, std::size_t limit);
  /// f(index in `series`, its samples), in order, until it answers false: those from `from_ms` to `to_ms`, both
  /// included, oldest first; of two with the same time one, as a rule the one written last. All of one moment.
  using taker = std::function<bool(std::size_t, std::vector<sample>&)>;
  [[nodiscard]] result<void> samples(std::span<const std::int64_t> series, std::int64_t from_ms, std::int64_t to_ms,
                                     const taker& f);
  /// At most `most_texts`, and whether there are more.
  struct text_list {
    std::vector<std::string> texts;
    bool truncated = false;
  };
  static constexpr std::size_t most_texts = 100'000;
  [[nodiscard]] result<text_list> label_names();
  [[nodiscard]] result<text_list> label_values(const std::string& name);
  struct family {
    std::string name, help;
    std::int64_t type = 0;
  };
  [[nodiscard]] result<std::vector<family>> families();
  /// Rows of each kind, for people.
  [[nodiscard]] result<std::map<std::string, std::int64_t>> stats();
  /// A query found that the file is damaged. Not while one runs.
  [[nodiscard]] bool damaged() const { return db_.damaged(); }

 private:
  [[nodiscard]] result<text_list> texts(const char* sql, const std::string& argument);
  /// What a query holds while it runs: the connection, its deadline, and one state of the database.
  class snapshot;
  [[nodiscard]] error failed(statement& which) const;
  [[nodiscard]] bool late() const;
  connection db_;
  std::mutex mutex_;
  std::int64_t deadline_ms_ = 0;
};

}  // namespace troupe::store
