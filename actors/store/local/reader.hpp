#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "actors/store/local/query_connection.hpp"
#include "actors/store/local/samples.hpp"
#include "actors/store/local/selector.hpp"

namespace troupe::store {

struct found_series {
  std::int64_t id = 0;
  telemetry::label_set labels;
};
struct series_list {
  std::vector<found_series> series;
  bool truncated = false;  ///< there are more than the limit
};

/// Which series are meant.
struct series_question {
  selectors match;
  struct times {
    std::int64_t from_ms = 0, to_ms = 0;  ///< both included
  };
  std::optional<times> having{};  ///< only those that have samples in this time
  [[nodiscard]] bool all() const { return match.empty() && !having; }
};

/// Queries over metrics.
class reader : public query_connection {
 public:
  [[nodiscard]] static result<std::unique_ptr<reader>> open(const std::string& path);

  [[nodiscard]] result<series_list> series(const series_question& which, std::size_t limit);
  /// f(index in `series`, its samples), in order, until it answers false: those from `from_ms` to `to_ms`, both
  /// included, oldest first; of two with the same time one, as a rule the one written last. All of one moment.
  using taker = std::function<bool(std::size_t, std::vector<sample>&)>;
  [[nodiscard]] result<void> samples(std::span<const std::int64_t> series, std::int64_t from_ms, std::int64_t to_ms,
                                     const taker& f);
  [[nodiscard]] result<text_list> label_names(const series_question& of, std::size_t limit);
  [[nodiscard]] result<text_list> label_values(const series_question& of, const std::string& name, std::size_t limit);
  struct family {
    std::string name, help;
    std::int64_t type = 0;
  };
  [[nodiscard]] result<std::vector<family>> families(const series_question& of);
  /// Rows of each kind, for people.
  [[nodiscard]] result<std::map<std::string, std::int64_t>> stats();

 private:
  /// In the order of their labels, until f answers false. In a snapshot.
  [[nodiscard]] result<void> each_series(const series_question& which, const std::function<bool(found_series&)>& f);
  /// Ids of the series that have samples there in recent rows, and whether one has in a chunk. Likewise.
  [[nodiscard]] result<void> in_recent_rows(const series_question::times& having,
                                            std::unordered_set<std::int64_t>& all);
  [[nodiscard]] result<bool> in_a_chunk(statement& chunks, std::int64_t series, const series_question::times& having);
};

}  // namespace troupe::store
