#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/writer/endpoint.hpp"
#include "config/schema.hpp"
#include "protocol/http/options.hpp"

// What all exporters of the family are told.
namespace troupe::otelcol::exporting {

using std::chrono::nanoseconds;

struct tls {
  std::string ca_pem, ca_file;
  std::string cert_pem, cert_file;
  config::secret_text key_pem;
  std::string key_file;
  std::string server_name;
  bool insecure = false, insecure_skip_verify = false;
  std::string min_version, max_version;
  std::vector<std::string> cipher_suites, curve_preferences;
  bool include_insecure_cipher_suites = false, include_system_ca_certs_pool = false;
  nanoseconds reload_interval{};  ///< files are looked at before each new connection anyway
  friend bool operator==(const tls&, const tls&) = default;
};
[[nodiscard]] config::body_of<tls> tls_schema();
[[nodiscard]] http::tls_options to_options(const tls& from);

/// How what waits becomes requests.
struct batch {
  nanoseconds flush_timeout = std::chrono::milliseconds(200);
  std::int64_t min_size = 2000, max_size = 3000;
  std::string sizer = "items";
  friend bool operator==(const batch&, const batch&) = default;
};

struct sending_queue {
  bool enabled = true;
  std::int64_t num_consumers = 10;
  std::int64_t queue_size = 1000;
  std::string sizer = "requests";
  bool block_on_overflow = false, wait_for_result = false;
  std::optional<exporting::batch> batch;

  // Declared, refused.
  config::value storage;
  friend bool operator==(const sending_queue&, const sending_queue&) = default;

  /// Whoever hands something over is told how it went.
  [[nodiscard]] bool settles_when_sent() const { return !enabled || wait_for_result; }
  /// Without a queue each request goes as it came.
  [[nodiscard]] const exporting::batch* batches() const { return enabled && batch ? &*batch : nullptr; }
};
[[nodiscard]] config::body_of<sending_queue> queue_schema();

struct retry_on_failure {
  bool enabled = true;
  nanoseconds initial_interval = std::chrono::seconds(5);
  double randomization_factor = 0.5, multiplier = 1.5;
  nanoseconds max_interval = std::chrono::seconds(30);
  nanoseconds max_elapsed_time = std::chrono::minutes(5);
  friend bool operator==(const retry_on_failure&, const retry_on_failure&) = default;
};
[[nodiscard]] config::body_of<retry_on_failure> retry_schema();

struct debug_metrics {
  bool disable_high_cardinality_metrics = true;
  std::string level = "detailed";
  friend bool operator==(const debug_metrics&, const debug_metrics&) = default;
};
[[nodiscard]] config::body_of<debug_metrics> debug_schema();

[[nodiscard]] writer::endpoint_settings settings_of(const sending_queue& queue, const retry_on_failure& retry);

}  // namespace troupe::otelcol::exporting
