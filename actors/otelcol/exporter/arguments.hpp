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
  std::string min_version;

  // Declared, refused unless they are as they are here.
  std::string max_version;
  std::vector<std::string> cipher_suites, curve_preferences;
  bool include_insecure_cipher_suites = false, include_system_ca_certs_pool = false;
  nanoseconds reload_interval{};
  friend bool operator==(const tls&, const tls&) = default;
};
[[nodiscard]] config::body_of<tls> tls_schema();
[[nodiscard]] http::tls_options to_options(const tls& from);

struct sending_queue {
  std::int64_t num_consumers = 10;
  std::int64_t queue_size = 1000;
  std::string sizer = "requests";

  // Declared, refused unless they are as they are here.
  bool enabled = true, block_on_overflow = false, wait_for_result = false;
  friend bool operator==(const sending_queue&, const sending_queue&) = default;
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

/// Complaints about a `compression` that is unknown or not there yet.
[[nodiscard]] config::complaints check_compression(const std::string& compression);

}  // namespace troupe::otelcol::exporting
