#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/http_client/arguments.hpp"
#include "actors/runtime/receiver_field.hpp"
#include "config/schema.hpp"

namespace troupe::prometheus::scraping {

using target_labels = std::map<std::string, std::string>;

struct clustering {
  bool enabled = false;
  friend bool operator==(const clustering&, const clustering&) = default;
};

/// prometheus.scrape, as it is written.
struct arguments {
  std::vector<target_labels> targets;
  std::vector<runtime::metrics_receiver> forward_to;
  std::string job_name;
  bool honor_labels = false;
  bool honor_timestamps = true;
  bool track_timestamps_staleness = false;
  std::map<std::string, std::vector<std::string>> params;
  std::chrono::nanoseconds scrape_interval = std::chrono::minutes(1);
  std::chrono::nanoseconds scrape_timeout = std::chrono::seconds(10);
  std::vector<std::string> scrape_protocols{"OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText1.0.0",
                                            "PrometheusText0.0.4"};
  std::string scrape_fallback_protocol = "PrometheusText0.0.4";
  std::string metrics_path = "/metrics";
  std::string scheme = "http";
  config::byte_size body_size_limit{};
  std::uint64_t sample_limit = 0, target_limit = 0;
  std::uint64_t label_limit = 0, label_name_length_limit = 0, label_value_length_limit = 0;
  bool extra_metrics = false;
  bool enable_compression = true;
  std::string metric_name_validation_scheme = "legacy";
  std::string metric_name_escaping_scheme;
  http_client::arguments client;

  // Declared, refused unless they are as they are here.
  bool scrape_classic_histograms = false, scrape_native_histograms = false, convert_classic_histograms_to_nhcb = false;
  bool enable_protobuf_negotiation = false, honor_metadata = false, enable_type_and_unit_labels = false;
  bool start_timestamp_zero_ingestion = false;
  std::uint64_t native_histogram_bucket_limit = 0;
  double native_histogram_min_bucket_factor = 0;
  std::string scrape_failure_log_file;
  std::optional<clustering> cluster;

  friend bool operator==(const arguments&, const arguments&) = default;
};

[[nodiscard]] const config::component_schema& schema();

}  // namespace troupe::prometheus::scraping
