#include "actors/prometheus/scrape/scrape_metrics.hpp"

namespace troupe::prometheus {

scrape_metrics::scrape_metrics(runtime::component_metrics& in)
    : forwarded_samples(in.counter("prometheus_forwarded_samples_total", "Samples pushed to receivers.")),
      reloads(in.counter("prometheus_target_scrape_pool_reloads_total", "How often the arguments were changed.")),
      exceeded_body_size(
          in.counter("prometheus_target_scrapes_exceeded_body_size_limit_total", "Scrapes whose page was too large.")),
      exceeded_target_limit(in.counter("prometheus_target_scrape_pool_exceeded_target_limit_total",
                                       "How often there were more targets than allowed.")),
      missed(in.counter("troupe_scrape_ticks_missed_total",
                        "Ticks of a target that passed while it was still being scraped.")),
      duration(in.histogram("prometheus_target_scrape_duration_seconds", "How long scrapes took.",
                            {.01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 20, 30, 60})),
      targets_(in.gauge("prometheus_scrape_targets_gauge", "Targets of this component.")),
      pool_targets_(in.gauge("prometheus_target_scrape_pool_targets", "Targets that are scraped.")),
      target_limit_(
          in.gauge("prometheus_target_scrape_pool_target_limit", "How many targets may be scraped; 0: any number.")),
      scrapes_failed_(in.counter("troupe_scrapes_failed_total", "Scrapes that failed, for whatever reason.")),
      exceeded_sample_limit_(
          in.counter("prometheus_target_scrapes_exceeded_sample_limit_total", "Scrapes with too many samples.")),
      duplicates_(in.counter("prometheus_target_scrapes_sample_duplicate_timestamp_total",
                             "Samples left out because their series stood twice on a page.")),
      out_of_bounds_(in.counter("prometheus_target_scrapes_sample_out_of_bounds_total",
                                "Samples left out because their own time lies too far in the future.")) {}

void scrape_metrics::targets(std::size_t active, std::size_t limit) {
  targets_.set(static_cast<double>(active));
  pool_targets_.set(static_cast<double>(active));
  target_limit_.set(static_cast<double>(limit));
}

void scrape_metrics::outcome(const page_outcome& of) {
  if (!of.error.empty()) scrapes_failed_.add();
  if (of.sample_limit_hit) exceeded_sample_limit_.add();
  if (of.duplicates > 0) duplicates_.add(static_cast<double>(of.duplicates));
  if (of.out_of_bounds > 0) out_of_bounds_.add(static_cast<double>(of.out_of_bounds));
}

}  // namespace troupe::prometheus
