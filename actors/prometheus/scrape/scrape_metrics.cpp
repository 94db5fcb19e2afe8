#include "actors/prometheus/scrape/scrape_metrics.hpp"

#include <utility>
#include <vector>

#include "config/conversion.hpp"

namespace troupe::prometheus {

namespace {

const std::vector<runtime::quantile> quantiles{{.01, .001}, {.05, .005}, {.5, .05}, {.9, .01}, {.99, .001}};

double seconds(std::chrono::nanoseconds d) {
  return std::chrono::duration<double>(d).count();
}

std::string named(const char* name) {
  return std::string("prometheus_target_") + name;
}

}  // namespace

class scrape_metrics::pool {
 public:
  pool(runtime::component_metrics& in, std::string job)
      : job_(std::move(job)),
        in_(in),
        labels_({{"scrape_job", job_}}),
        targets_(in.gauge(named("scrape_pool_targets"), "Targets that are scraped.", labels_)),
        limit_(in.gauge(named("scrape_pool_target_limit"), "How many targets may be scraped; 0: any number.", labels_)),
        syncs_(in.counter(named("scrape_pool_sync_total"), "How often it was looked what the targets are.", labels_)),
        failed_(
            in.counter(named("sync_failed_total"), "Targets that can't be scraped, each time it was looked.", labels_)),
        lengths_(
            in.summary(named("sync_length_seconds"), "How long it took to make the targets.", quantiles, labels_)) {}
  ~pool() {
    for (const char* one : {"scrape_pool_targets", "scrape_pool_target_limit", "scrape_pool_sync_total",
                            "sync_failed_total", "sync_length_seconds"})
      in_.remove(named(one), labels_);
  }
  pool(const pool&) = delete;

  void synced(std::size_t active, std::size_t refused, std::size_t limit, std::chrono::nanoseconds took) {
    targets_.set(static_cast<double>(active));
    limit_.set(static_cast<double>(limit));
    syncs_.add();
    failed_.add(static_cast<double>(refused));
    lengths_.observe(seconds(took));
  }
  [[nodiscard]] const std::string& job() const { return job_; }

 private:
  std::string job_;
  runtime::component_metrics& in_;
  telemetry::label_set labels_;
  runtime::gauge& targets_;
  runtime::gauge& limit_;
  runtime::counter& syncs_;
  runtime::counter& failed_;
  runtime::summary& lengths_;
};

scrape_metrics::scrape_metrics(runtime::component_metrics& in)
    : pools(in.counter(named("scrape_pools_total"), "How often this component was made.")),
      pools_failed(in.counter(named("scrape_pools_failed_total"), "How often it could not be made.")),
      reloads_failed(
          in.counter(named("scrape_pool_reloads_failed_total"), "Changes of the arguments that could not be applied.")),
      exceeded_body_size(
          in.counter(named("scrapes_exceeded_body_size_limit_total"), "Scrapes whose page was too large.")),
      exceeded_target_limit(in.counter(named("scrape_pool_exceeded_target_limit_total"),
                                       "How often there were more targets than allowed.")),
      missed(in.counter("troupe_scrape_ticks_missed_total",
                        "Ticks of a target that passed while it was still being scraped.")),
      duration(in.histogram(named("scrape_duration_seconds"), "How long scrapes took.",
                            {.01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 20, 30, 60})),
      in_(in),
      reloads_(in.counter(named("scrape_pool_reloads_total"), "How often the arguments were changed.")),
      targets_(in.gauge("prometheus_scrape_targets_gauge", "Targets of this component.")),
      scrapes_failed_(in.counter("troupe_scrapes_failed_total", "Scrapes that failed, for whatever reason.")),
      exceeded_sample_limit_(
          in.counter(named("scrapes_exceeded_sample_limit_total"), "Scrapes with too many samples.")),
      exceeded_label_limits_(in.counter(named("scrape_pool_exceeded_label_limits_total"),
                                        "Scrapes in which a series had too many or too long labels.")),
      duplicates_(in.counter(named("scrapes_sample_duplicate_timestamp_total"),
                             "Samples left out because their series stood twice on a page.")),
      out_of_bounds_(in.counter(named("scrapes_sample_out_of_bounds_total"),
                                "Samples left out because their own time lies too far in the future.")),
      exemplars_out_of_order_(in.counter(named("scrapes_exemplar_out_of_order_total"),
                                         "Exemplars left out because their series had a later one before.")) {}

scrape_metrics::~scrape_metrics() = default;

void scrape_metrics::job(const std::string& name) {
  if (!pool_ || pool_->job() != name) pool_ = std::make_unique<pool>(in_, name);
}

void scrape_metrics::targets(std::size_t active, std::size_t refused, std::size_t limit,
                             std::chrono::nanoseconds took) {
  targets_.set(static_cast<double>(active));
  pool_->synced(active, refused, limit, took);
}

void scrape_metrics::reloaded(std::chrono::nanoseconds interval, std::chrono::nanoseconds took) {
  reloads_.add();
  in_.summary(named("reload_length_seconds"), "How long it took to apply changed arguments.", quantiles,
              {{"interval", config::print_duration(interval)}})
      .observe(seconds(took));
}

runtime::summary& scrape_metrics::distances(std::chrono::nanoseconds interval) {
  return in_.summary(named("interval_length_seconds"), "How far the scrapes of a target are apart.", quantiles,
                     {{"interval", config::print_duration(interval)}});
}

void scrape_metrics::outcome(const page_outcome& of) {
  if (!of.error.empty()) scrapes_failed_.add();
  if (of.sample_limit_hit) exceeded_sample_limit_.add();
  if (of.label_limit_hit) exceeded_label_limits_.add();
  if (of.duplicates > 0) duplicates_.add(static_cast<double>(of.duplicates));
  if (of.exemplars_out_of_order > 0) exemplars_out_of_order_.add(static_cast<double>(of.exemplars_out_of_order));
  if (of.out_of_bounds > 0) out_of_bounds_.add(static_cast<double>(of.out_of_bounds));
}

}  // namespace troupe::prometheus
