#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "actors/http_client/arguments.hpp"
#include "config/schema.hpp"

namespace troupe::loki::writing {

using std::chrono::nanoseconds;

struct queue_config {
  config::byte_size capacity{std::int64_t{10} << 20};
  std::int64_t min_shards = 1;
  nanoseconds drain_timeout = std::chrono::seconds(15);
  bool block_on_overflow = true;
  friend bool operator==(const queue_config&, const queue_config&) = default;
};

struct endpoint_arguments {
  std::string url;
  std::string name;
  nanoseconds batch_wait = std::chrono::seconds(1);
  config::byte_size batch_size{std::int64_t{1} << 20};
  nanoseconds remote_timeout = std::chrono::seconds(10);
  std::map<std::string, std::string> headers;
  nanoseconds min_backoff_period = std::chrono::milliseconds(500);
  nanoseconds max_backoff_period = std::chrono::minutes(5);
  std::int64_t max_backoff_retries = 10;
  std::string tenant_id;
  bool retry_on_http_429 = true;
  http_client::arguments client;
  queue_config queue;
  friend bool operator==(const endpoint_arguments&, const endpoint_arguments&) = default;
};

struct wal_config {
  bool enabled = false;
  nanoseconds max_segment_age = std::chrono::hours(1);
  nanoseconds min_read_frequency = std::chrono::milliseconds(250);
  nanoseconds max_read_frequency = std::chrono::seconds(1);
  nanoseconds drain_timeout = std::chrono::seconds(15);
  friend bool operator==(const wal_config&, const wal_config&) = default;
};

/// loki.write, as it is written.
struct arguments {
  std::map<std::string, std::string> external_labels;
  std::int64_t max_streams = 0;
  std::vector<endpoint_arguments> endpoints;
  wal_config wal;
  friend bool operator==(const arguments&, const arguments&) = default;
};

[[nodiscard]] const config::component_schema& schema();

}  // namespace troupe::loki::writing
