#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/writer/delivery.hpp"
#include "actors/runtime/own_metrics.hpp"

namespace troupe::prometheus {

/// What an endpoint counts of its samples, under the names of Prometheus' remote storage, with the labels remote_name
/// and url, and of its WAL watcher, with the label consumer.
class endpoint_metrics {
 public:
  endpoint_metrics(runtime::component_metrics& in, const std::string& name, const std::string& url);
  ~endpoint_metrics();
  endpoint_metrics(const endpoint_metrics&) = delete;

  void sent(std::uint64_t samples, std::size_t bytes, double seconds, std::int64_t newest_ms);
  void settings(std::size_t max_shards, std::size_t min_shards, std::size_t capacity, std::size_t max_samples);
  /// Takes over what delivery has counted since the last time.
  void follow(const writer::delivery& of);
  void read(std::int64_t newest_ms);  ///< a batch was read from the journal
  void unreadable(std::uint64_t records) { unreadable_.add(static_cast<double>(records)); }

  runtime::counter& exemplars;
  runtime::counter& exemplars_failed;
  runtime::counter& exemplars_retried;
  runtime::counter& dropped_by_rules;

 private:
  runtime::component_metrics& in_;
  telemetry::label_set labels_;
  runtime::counter& samples_;
  runtime::counter& failed_;
  runtime::counter& retried_;
  runtime::counter& too_old_;
  runtime::counter& bytes_;
  runtime::histogram& duration_;
  runtime::gauge& highest_;
  runtime::gauge& highest_sent_;
  runtime::gauge& pending_;
  runtime::gauge& shards_;
  runtime::gauge& shards_desired_;
  runtime::gauge& shards_max_;
  runtime::gauge& shards_min_;
  runtime::gauge& shard_capacity_;
  runtime::gauge& max_samples_;
  runtime::counter& records_;
  runtime::counter& unreadable_;
  writer::delivery_counts known_;
  std::int64_t highest_sent_ms_ = 0, highest_ms_ = 0;
};

}  // namespace troupe::prometheus
