#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/runtime/own_metrics.hpp"
#include "protocol/journal/journal.hpp"

namespace troupe::prometheus {

/// What a writer counts about its journal, under Alloy's names of the write-ahead log where there is one.
class journal_metrics {
 public:
  explicit journal_metrics(runtime::component_metrics& in);

  void appended(std::uint64_t samples, std::uint64_t exemplars, std::int64_t timestamp_ms);
  void lost(const journal::loss& what);
  void damaged(std::uint64_t bytes);
  void follow(const journal::journal_counts& now, std::size_t active_series);

  runtime::counter& failed_appends;
  runtime::counter& syncs_failed;

 private:
  runtime::component_metrics& in_;
  runtime::counter& samples_;
  runtime::counter& exemplars_;
  runtime::counter& corruptions_;
  runtime::gauge& active_series_;
  runtime::gauge& bytes_;
  runtime::gauge& segments_;
  runtime::counter& in_samples_;
  runtime::gauge& next_record_;
  runtime::gauge& highest_;
  std::int64_t highest_ms_ = 0;
};

}  // namespace troupe::prometheus
