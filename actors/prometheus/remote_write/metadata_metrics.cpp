#include "actors/prometheus/remote_write/metadata_metrics.hpp"

namespace troupe::prometheus {

namespace {

constexpr const char* total = "prometheus_remote_storage_metadata_total";
constexpr const char* failed_total = "prometheus_remote_storage_metadata_failed_total";
constexpr const char* retried_total = "prometheus_remote_storage_metadata_retried_total";
constexpr const char* bytes_total = "prometheus_remote_storage_metadata_bytes_total";

}  // namespace

metadata_metrics::metadata_metrics(runtime::component_metrics& in, const std::string& name, const std::string& url)
    : in_(in.shared_from_this()),
      labels_({{"remote_name", name}, {"url", url}}),
      entries_(in.counter(total, "Metadata entries that the backend took.", labels_)),
      failed_(in.counter(failed_total, "Metadata entries that the backend refused.", labels_)),
      retried_(in.counter(retried_total, "Metadata entries that were sent once more.", labels_)),
      bytes_(in.counter(bytes_total, "Compressed bytes of metadata messages that the backend took.", labels_)) {}

metadata_metrics::~metadata_metrics() {
  for (const char* one : {total, failed_total, retried_total, bytes_total})
    in_->remove(one, labels_);
}

void metadata_metrics::sent(std::uint64_t entries, std::size_t bytes) {
  entries_.add(static_cast<double>(entries));
  bytes_.add(static_cast<double>(bytes));
}

}  // namespace troupe::prometheus
