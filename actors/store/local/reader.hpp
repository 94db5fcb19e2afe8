#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
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
  /// Samples from `from_ms` to `to_ms`, both included, oldest first; of two with the same time the one written last.
  [[nodiscard]] result<std::vector<sample>> samples(std::int64_t series, std::int64_t from_ms, std::int64_t to_ms);
  [[nodiscard]] result<std::vector<std::string>> label_names();
  [[nodiscard]] result<std::vector<std::string>> label_values(const std::string& name);
  struct family {
    std::string name, help;
    std::int64_t type = 0;
  };
  [[nodiscard]] result<std::vector<family>> families();
  /// Rows of each kind, for people.
  [[nodiscard]] result<std::map<std::string, std::int64_t>> stats();

 private:
  [[nodiscard]] result<std::vector<std::string>> texts(const char* sql, const std::string& argument);
  /// Begins a query: holds the connection and starts its deadline.
  [[nodiscard]] std::unique_lock<std::mutex> begin();
  connection db_;
  std::mutex mutex_;
  std::int64_t deadline_ms_ = 0;
};

/// At most `points` of them, by cutting the time from `from_ms` to `to_ms` into equal pieces and keeping of each the
/// first, the last, the smallest and the largest: peaks and steps stay where they were.
[[nodiscard]] std::vector<sample> thin(const std::vector<sample>& all, std::int64_t from_ms, std::int64_t to_ms,
                                       std::size_t points);

}  // namespace troupe::store
