#include "actors/prometheus/remote_write/endpoint_metrics.hpp"

#include <algorithm>

namespace troupe::prometheus {

namespace {

const std::vector<double> duration_bounds{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 25, 60, 120, 300};

constexpr const char* records_read = "prometheus_wal_watcher_records_read_total";
constexpr const char* decode_failures = "prometheus_wal_watcher_record_decode_failures_total";

std::string named(const char* name) {
  return std::string("prometheus_remote_storage_") + name;
}

}  // namespace

endpoint_metrics::endpoint_metrics(runtime::component_metrics& in, const std::string& name, const std::string& url)
    : exemplars(in.counter(named("exemplars_total"), "Exemplars that the backend took.",
                           {{"remote_name", name}, {"url", url}})),
      exemplars_failed(in.counter(named("exemplars_failed_total"), "Exemplars that the backend refused for good.",
                                  {{"remote_name", name}, {"url", url}})),
      exemplars_retried(in.counter(named("exemplars_retried_total"), "Exemplars that were sent once more.",
                                   {{"remote_name", name}, {"url", url}})),
      dropped_by_rules(in.counter(named("samples_dropped_total"), "Samples that were not sent, by reason.",
                                  {{"remote_name", name}, {"url", url}, {"reason", "dropped_series"}})),
      in_(in),
      labels_({{"remote_name", name}, {"url", url}}),
      samples_(in.counter(named("samples_total"), "Samples that the backend took.", labels_)),
      failed_(in.counter(named("samples_failed_total"), "Samples that the backend refused for good.", labels_)),
      retried_(in.counter(named("samples_retried_total"), "Samples that were sent once more.", labels_)),
      too_old_(in.counter(named("samples_dropped_total"), "Samples that were not sent, by reason.",
                          {{"remote_name", name}, {"url", url}, {"reason", "too_old"}})),
      bytes_(in.counter(named("bytes_total"), "Compressed bytes of sample messages that the backend took.", labels_)),
      duration_(
          in.histogram(named("sent_batch_duration_seconds"), "How long requests took.", duration_bounds, labels_)),
      highest_(in.gauge(named("queue_highest_timestamp_seconds"), "Newest sample read for this endpoint, Unix seconds.",
                        labels_)),
      highest_sent_(in.gauge(named("queue_highest_sent_timestamp_seconds"),
                             "Newest sample that the backend took, Unix seconds.", labels_)),
      pending_(in.gauge(named("samples_pending"), "Samples in memory that the backend has not answered for.", labels_)),
      shards_(in.gauge(named("shards"), "Requests in flight.", labels_)),
      shards_desired_(in.gauge(named("shards_desired"), "Requests in flight or waiting to be tried again.", labels_)),
      shards_max_(in.gauge(named("shards_max"), "Requests that may be in flight.", labels_)),
      shards_min_(in.gauge(named("shards_min"), "How many requests are tried at a time while the remote storage fails.",
                           labels_)),
      shard_capacity_(
          in.gauge(named("shard_capacity"), "Samples that may wait for each request that may be in flight.", labels_)),
      max_samples_(in.gauge(named("max_samples_per_send"), "Samples that fit into a request.", labels_)),
      records_(in.counter(records_read, "Records of the journal that were read.",
                          {{"consumer", name}, {"type", "samples"}})),
      unreadable_(in.counter(decode_failures,
                             "Records of the journal that could not be read or decoded and were skipped.",
                             {{"consumer", name}})) {}

endpoint_metrics::~endpoint_metrics() {
  for (const char* one :
       {"exemplars_total", "exemplars_failed_total", "exemplars_retried_total", "samples_total", "samples_failed_total",
        "samples_retried_total", "bytes_total", "sent_batch_duration_seconds", "queue_highest_timestamp_seconds",
        "queue_highest_sent_timestamp_seconds", "samples_pending", "shards", "shards_desired", "shards_max",
        "shards_min", "shard_capacity", "max_samples_per_send"}) {
    in_.remove(named(one), labels_);
  }
  auto dropped = labels_;
  for (const char* reason : {"too_old", "dropped_series"}) {
    dropped.set("reason", reason);
    in_.remove(named("samples_dropped_total"), dropped);
  }
  const std::string name(labels_.get("remote_name"));
  in_.remove(records_read, {{"consumer", name}, {"type", "samples"}});
  in_.remove(decode_failures, {{"consumer", name}});
}

void endpoint_metrics::sent(std::uint64_t samples, std::size_t bytes, double seconds, std::int64_t newest_ms) {
  samples_.add(static_cast<double>(samples));
  bytes_.add(static_cast<double>(bytes));
  duration_.observe(seconds);
  highest_sent_ms_ = std::max(highest_sent_ms_, newest_ms);
  highest_sent_.set(static_cast<double>(highest_sent_ms_ / 1000));
}

void endpoint_metrics::settings(std::size_t max_shards, std::size_t min_shards, std::size_t capacity,
                                std::size_t max_samples) {
  shards_max_.set(static_cast<double>(max_shards));
  shards_min_.set(static_cast<double>(min_shards));
  shard_capacity_.set(static_cast<double>(capacity));
  max_samples_.set(static_cast<double>(max_samples));
}

void endpoint_metrics::follow(const writer::delivery& of) {
  const auto& now = of.counts();
  failed_.add(static_cast<double>(now.refused - known_.refused));
  retried_.add(static_cast<double>(now.retried - known_.retried));
  too_old_.add(static_cast<double>(now.too_old - known_.too_old));
  pending_.set(static_cast<double>(now.pending));
  shards_.set(static_cast<double>(of.in_flight()));
  shards_desired_.set(static_cast<double>(of.requests()));
  known_ = now;
}

void endpoint_metrics::read(std::int64_t newest_ms) {
  records_.add();
  if (newest_ms <= highest_ms_) return;
  highest_ms_ = newest_ms;
  highest_.set(static_cast<double>(newest_ms / 1000));
}

}  // namespace troupe::prometheus
