#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "actors/prometheus/scrape/page_series.hpp"
#include "actors/runtime/own_metrics.hpp"

namespace troupe::prometheus {

/// What prometheus.scrape counts, under the names of Prometheus' scrape manager and of Alloy.
class scrape_metrics {
 public:
  explicit scrape_metrics(runtime::component_metrics& in);
  ~scrape_metrics();

  /// The label scrape_job from now on; series of another one go.
  void job(const std::string& name);
  /// What the targets became; `refused`: how many of them can't be scraped. After job().
  void targets(std::size_t active, std::size_t refused, std::size_t limit, std::chrono::nanoseconds took);
  void outcome(const page_outcome& of);
  void reloaded(std::chrono::nanoseconds interval, std::chrono::nanoseconds took);
  /// How far apart the scrapes of targets with this interval are; the same object for each of them.
  [[nodiscard]] runtime::summary& distances(std::chrono::nanoseconds interval);

  runtime::counter& pools;
  runtime::counter& pools_failed;
  runtime::counter& reloads_failed;
  runtime::counter& exceeded_body_size;
  runtime::counter& exceeded_target_limit;
  runtime::counter& missed;
  runtime::histogram& duration;

 private:
  /// What has the label scrape_job.
  class pool;

  runtime::component_metrics& in_;
  std::unique_ptr<pool> pool_;
  runtime::counter& reloads_;
  runtime::gauge& targets_;
  runtime::counter& scrapes_failed_;
  runtime::counter& exceeded_sample_limit_;
  runtime::counter& exceeded_label_limits_;
  runtime::counter& duplicates_;
  runtime::counter& out_of_bounds_;
  runtime::counter& exemplars_out_of_order_;
};

}  // namespace troupe::prometheus
