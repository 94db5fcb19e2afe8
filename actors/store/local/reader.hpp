#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
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

/// Queries over metrics.
class reader : public query_connection {
 public:
  [[nodiscard]] static result<std::unique_ptr<reader>> open(const std::string& path);

  [[nodiscard]] result<series_list> series(const selector& which, std::size_t limit);
  /// f(index in `series`, its samples), in order, until it answers false: those from `from_ms` to `to_ms`, both
  /// included, oldest first; of two with the same time one, as a rule the one written last. All of one moment.
  using taker = std::function<bool(std::size_t, std::vector<sample>&)>;
  [[nodiscard]] result<void> samples(std::span<const std::int64_t> series, std::int64_t from_ms, std::int64_t to_ms,
                                     const taker& f);
  [[nodiscard]] result<text_list> label_names();
  [[nodiscard]] result<text_list> label_values(const std::string& name);
  struct family {
    std::string name, help;
    std::int64_t type = 0;
  };
  [[nodiscard]] result<std::vector<family>> families();
  /// Rows of each kind, for people.
  [[nodiscard]] result<std::map<std::string, std::int64_t>> stats();
};

}  // namespace troupe::store
