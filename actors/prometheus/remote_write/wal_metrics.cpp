#include "actors/prometheus/remote_write/wal_metrics.hpp"

namespace troupe::prometheus {

wal_metrics::wal_metrics(runtime::component_metrics& in)
    : samples_(in.counter("prometheus_remote_write_wal_samples_appended_total", "Samples written to the journal.")),
      exemplars_(
          in.counter("prometheus_remote_write_wal_exemplars_appended_total", "Exemplars written to the journal.")),
      corruptions_(
          in.counter("prometheus_remote_write_wal_corruptions_total", "Places of the journal that could not be read.")),
      active_(in.gauge("prometheus_remote_write_wal_storage_active_series", "Series that samples come in for.")),
      in_samples_(in.counter("prometheus_remote_storage_samples_in_total", "Samples that came in.")),
      in_exemplars_(in.counter("prometheus_remote_storage_exemplars_in_total", "Exemplars that came in.")),
      replay_(in.gauge("prometheus_remote_write_data_replay_duration_seconds",
                       "How long it took to open the journal and to find what it holds.")),
      highest_(in.gauge("prometheus_remote_storage_highest_timestamp_in_seconds",
                        "Newest sample that came in, Unix seconds.")) {}

void wal_metrics::appended(const telemetry::metrics_batch& batch) {
  if (batch.timestamp_ms > highest_ms_) {
    highest_ms_ = batch.timestamp_ms;
    highest_.set(static_cast<double>(batch.timestamp_ms / 1000));
  }
  active_series_.saw(batch);
  active_.set(static_cast<double>(active_series_.count()));
  samples_.add(static_cast<double>(batch.items()));
  in_samples_.add(static_cast<double>(batch.items()));
  if (batch.exemplars.empty()) return;
  exemplars_.add(static_cast<double>(batch.exemplars.size()));
  in_exemplars_.add(static_cast<double>(batch.exemplars.size()));
}

void wal_metrics::forget_silent() {
  active_series_.forget_silent();
  active_.set(static_cast<double>(active_series_.count()));
}

void wal_metrics::opened(std::size_t damaged_places, std::chrono::nanoseconds took) {
  corruptions_.add(static_cast<double>(damaged_places));
  replay_.set(std::chrono::duration<double>(took).count());
}

}  // namespace troupe::prometheus
