#include "actors/prometheus/remote_write/endpoint_metrics.hpp"

#include <algorithm>

namespace troupe::prometheus {

namespace {

const std::vector<double> duration_bounds{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 25, 60, 120, 300};

std::string named(const char* name) { return std::string("prometheus_remote_storage_") + name; }

}  // namespace

endpoint_metrics::endpoint_metrics(runtime::component_metrics& in, const std::string& name, const std::string& url)
    : metadata(in.counter(named("metadata_total"), "Total number of metadata entries sent to remote storage.", {{"remote_name", name}, {"url", url}})),
      metadata_failed(in.counter(named("metadata_failed_total"), "Total number of metadata entries which failed on send to remote storage, non-recoverable errors.", {{"remote_name", name}, {"url", url}})),
      metadata_retried(in.counter(named("metadata_retried_total"), "Total number of metadata entries which failed on send to remote storage but were retried because the send error was recoverable.", {{"remote_name", name}, {"url", url}})),
      metadata_bytes(in.counter(named("metadata_bytes_total"), "The total number of bytes of metadata sent by the queue after compression.", {{"remote_name", name}, {"url", url}})),
      exemplars(in.counter(named("exemplars_total"), "Total number of exemplars sent to remote storage.", {{"remote_name", name}, {"url", url}})),
      in_(in),
      labels_({{"remote_name", name}, {"url", url}}),
      samples_(in.counter(named("samples_total"), "Total number of samples sent to remote storage.", labels_)),
      failed_(in.counter(named("samples_failed_total"), "Total number of samples which failed on send to remote storage, non-recoverable errors.", labels_)),
      retried_(in.counter(named("samples_retried_total"), "Total number of samples which failed on send to remote storage but were retried because the send error was recoverable.", labels_)),
      too_old_(in.counter(named("samples_dropped_total"), "Total number of samples which were dropped after being read from the WAL before being sent via remote write, either via relabelling, due to being too old or unintentionally because of an unknown reference ID.",
                          {{"remote_name", name}, {"url", url}, {"reason", "too_old"}})),
      bytes_(in.counter(named("bytes_total"), "The total number of bytes of data (not metadata) sent by the queue after compression.", labels_)),
      duration_(in.histogram(named("sent_batch_duration_seconds"), "Duration of send calls to the remote storage.", duration_bounds, labels_)),
      highest_(in.gauge(named("queue_highest_timestamp_seconds"), "Highest timestamp that was enqueued, in seconds since epoch.", labels_)),
      highest_sent_(in.gauge(named("queue_highest_sent_timestamp_seconds"), "Timestamp of the highest sample successfully sent, in seconds since epoch.", labels_)),
      pending_(in.gauge(named("samples_pending"), "The number of samples pending in the queue to be sent to the remote storage.", labels_)),
      shards_(in.gauge(named("shards"), "The number of requests in flight.", labels_)),
      shards_desired_(in.gauge(named("shards_desired"), "The number of requests that would be in flight without a bound.", labels_)),
      shards_max_(in.gauge(named("shards_max"), "The most requests that may be in flight.", labels_)),
      shards_min_(in.gauge(named("shards_min"), "How many requests are tried at a time while the remote storage fails.", labels_)),
      shard_capacity_(in.gauge(named("shard_capacity"), "The capacity of each shard of the queue used for parallel sending to the remote storage.", labels_)),
      max_samples_(in.gauge(named("max_samples_per_send"), "The maximum number of samples to be sent, in a single request, to the remote storage.", labels_)) {}

endpoint_metrics::~endpoint_metrics() {
  for (const char* one : {"metadata_total", "metadata_failed_total", "metadata_retried_total", "metadata_bytes_total", "exemplars_total",
                          "samples_total", "samples_failed_total", "samples_retried_total", "bytes_total", "sent_batch_duration_seconds",
                          "queue_highest_timestamp_seconds", "queue_highest_sent_timestamp_seconds", "samples_pending", "shards",
                          "shards_desired", "shards_max", "shards_min", "shard_capacity", "max_samples_per_send"}) {
    in_.remove(named(one), labels_);
  }
  auto dropped = labels_;
  dropped.set("reason", "too_old");
  in_.remove(named("samples_dropped_total"), dropped);
}

void endpoint_metrics::sent(std::uint64_t samples, std::size_t bytes, double seconds, std::int64_t newest_ms) {
  samples_.add(static_cast<double>(samples));
  bytes_.add(static_cast<double>(bytes));
  duration_.observe(seconds);
  highest_sent_ms_ = std::max(highest_sent_ms_, newest_ms);
  highest_sent_.set(static_cast<double>(highest_sent_ms_ / 1000));
}

void endpoint_metrics::settings(std::size_t max_shards, std::size_t min_shards, std::size_t capacity, std::size_t max_samples) {
  shards_max_.set(static_cast<double>(max_shards));
  shards_min_.set(static_cast<double>(min_shards));
  shard_capacity_.set(static_cast<double>(capacity));
  max_samples_.set(static_cast<double>(max_samples));
}

void endpoint_metrics::follow(const delivery& of) {
  const auto& now = of.counts();
  failed_.add(static_cast<double>(now.refused - known_.refused));
  retried_.add(static_cast<double>(now.retried - known_.retried));
  too_old_.add(static_cast<double>(now.too_old - known_.too_old));
  pending_.set(static_cast<double>(now.pending));
  shards_.set(static_cast<double>(of.in_flight()));
  shards_desired_.set(static_cast<double>(of.in_flight() + of.requests_waiting()));
  known_ = now;
}

void endpoint_metrics::read(std::int64_t newest_ms) {
  if (newest_ms <= highest_ms_) return;
  highest_ms_ = newest_ms;
  highest_.set(static_cast<double>(newest_ms / 1000));
}

}  // namespace troupe::prometheus
