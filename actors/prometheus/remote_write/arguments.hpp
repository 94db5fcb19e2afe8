#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/http_client/arguments.hpp"
#include "actors/prometheus/relabel/rule.hpp"
#include "config/schema.hpp"

namespace troupe::prometheus::remote_writing {

using std::chrono::nanoseconds;

struct queue_config {
  std::int64_t capacity = 10'000;
  std::int64_t max_shards = 50, min_shards = 1;
  std::int64_t max_samples_per_send = 2'000;
  nanoseconds batch_send_deadline = std::chrono::seconds(5);
  nanoseconds min_backoff = std::chrono::milliseconds(30);
  nanoseconds max_backoff = std::chrono::seconds(5);
  bool retry_on_http_429 = true;
  nanoseconds sample_age_limit{};
  friend bool operator==(const queue_config&, const queue_config&) = default;
};

struct metadata_config {
  bool send = true;
  nanoseconds send_interval = std::chrono::minutes(1);
  std::int64_t max_samples_per_send = 2'000;
  friend bool operator==(const metadata_config&, const metadata_config&) = default;
};

struct endpoint_arguments {
  std::string url;
  std::string name;
  nanoseconds remote_timeout = std::chrono::seconds(30);
  std::map<std::string, std::string> headers;
  bool send_exemplars = true;
  http_client::arguments client;
  queue_config queue;
  metadata_config metadata;
  std::vector<relabelling::rule> write_relabel;

  // Declared, refused unless they are as they are here.
  bool send_native_histograms = false, round_robin_dns = false;
  std::string protobuf_message = "prometheus.WriteRequest";

  endpoint_arguments() { client.enable_http2 = false; }
  friend bool operator==(const endpoint_arguments&, const endpoint_arguments&) = default;
};

struct wal_config {
  nanoseconds truncate_frequency = std::chrono::hours(2);
  nanoseconds min_keepalive_time = std::chrono::minutes(5);
  nanoseconds max_keepalive_time = std::chrono::hours(8);
  friend bool operator==(const wal_config&, const wal_config&) = default;
};

/// prometheus.remote_write, as it is written.
struct arguments {
  std::map<std::string, std::string> external_labels;
  std::vector<endpoint_arguments> endpoints;
  wal_config wal;
  friend bool operator==(const arguments&, const arguments&) = default;
};

[[nodiscard]] const config::component_schema& schema();

}  // namespace troupe::prometheus::remote_writing
