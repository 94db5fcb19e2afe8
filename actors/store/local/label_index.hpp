#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "actors/store/local/sqlite.hpp"
#include "protocol/telemetry/label.hpp"

namespace troupe::store {

/// Label sets of a database, each once, with an index over their labels: of series, of streams. `table` has id, hash
/// and labels (label_json); the table `labels` has name, value and `column`, the id.
class label_index {
 public:
  label_index(connection& db, const std::string& table, const std::string& column);

  struct place {
    std::int64_t id = 0;
    bool fresh = false;  ///< it was not there
  };
  /// `hash`, `text`: of the same labels.
  [[nodiscard]] result<place> find_or_add(std::uint64_t hash, std::string_view text,
                                          std::span<const telemetry::label_view> labels);

 private:
  connection& db_;
  statement find_, add_, add_label_;
};

}  // namespace troupe::store
