#include "actors/prometheus/remote_write/journal_metrics.hpp"

namespace troupe::prometheus {

journal_metrics::journal_metrics(runtime::component_metrics& in)
    : failed_appends(
          in.counter("troupe_journal_failed_appends_total", "Batches that could not be written at the first attempt.")),
      syncs_failed(
          in.counter("troupe_journal_failed_syncs_total", "Attempts to make the journal durable that failed.")),
      in_(in),
      samples_(in.counter("prometheus_remote_write_wal_samples_appended_total", "Samples written to the journal.")),
      exemplars_(
          in.counter("prometheus_remote_write_wal_exemplars_appended_total", "Exemplars written to the journal.")),
      corruptions_(
          in.counter("prometheus_remote_write_wal_corruptions_total", "Places of the journal that could not be read.")),
      active_series_(in.gauge("prometheus_remote_write_wal_storage_active_series", "Series that are being sent.")),
      bytes_(in.gauge("troupe_journal_bytes", "Size of the journal on the disk.")),
      segments_(in.gauge("troupe_journal_segments", "Segments of the journal.")),
      in_samples_(in.counter("prometheus_remote_storage_samples_in_total", "Samples that came in.")),
      next_record_(in.gauge("troupe_journal_next_record", "Number of the record that is written next.")),
      highest_(in.gauge("prometheus_remote_storage_highest_timestamp_in_seconds",
                        "Newest sample that came in, Unix seconds.")) {}

void journal_metrics::appended(std::uint64_t samples, std::uint64_t exemplars, std::int64_t timestamp_ms) {
  if (timestamp_ms > highest_ms_) {
    highest_ms_ = timestamp_ms;
    highest_.set(static_cast<double>(timestamp_ms / 1000));
  }
  samples_.add(static_cast<double>(samples));
  in_samples_.add(static_cast<double>(samples));
  if (exemplars > 0) exemplars_.add(static_cast<double>(exemplars));
}

void journal_metrics::lost(const journal::loss& what) {
  in_.counter("troupe_journal_lost_items_total",
              "Samples that were removed before they were sent, by endpoint and reason.",
              {{"endpoint", what.cursor}, {"reason", what.reason}})
      .add(static_cast<double>(what.items));
}

void journal_metrics::damaged(std::uint64_t places) {
  corruptions_.add(static_cast<double>(places));
}

void journal_metrics::follow(const journal::journal_counts& now, std::size_t active_series) {
  bytes_.set(static_cast<double>(now.bytes));
  segments_.set(static_cast<double>(now.segments));
  next_record_.set(static_cast<double>(now.next));
  active_series_.set(static_cast<double>(active_series));
}

}  // namespace troupe::prometheus
