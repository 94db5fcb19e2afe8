#pragma once

#include "actors/prometheus/scrape/page_series.hpp"
#include "actors/runtime/own_metrics.hpp"

namespace troupe::prometheus {

/// What prometheus.scrape counts, under the names of Prometheus' scrape manager and of Alloy.
class scrape_metrics {
 public:
  explicit scrape_metrics(runtime::component_metrics& in);

  void targets(std::size_t active, std::size_t limit);
  void outcome(const page_outcome& of);

  runtime::counter& forwarded_samples;
  runtime::counter& reloads;
  runtime::counter& exceeded_body_size;
  runtime::counter& exceeded_target_limit;
  runtime::counter& missed;
  runtime::histogram& duration;

 private:
  runtime::gauge& targets_;
  runtime::gauge& pool_targets_;
  runtime::gauge& target_limit_;
  runtime::counter& scrapes_failed_;
  runtime::counter& exceeded_sample_limit_;
  runtime::counter& duplicates_;
  runtime::counter& out_of_bounds_;
};

}  // namespace troupe::prometheus
