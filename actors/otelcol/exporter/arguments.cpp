#include "actors/otelcol/exporter/arguments.hpp"

#include <algorithm>
#include <array>

namespace troupe::otelcol::exporting {

config::body_of<tls> tls_schema() {
  config::body_of<tls> s;
  s.attribute("insecure", &tls::insecure, "Whether to speak without TLS.")
      .attribute("insecure_skip_verify", &tls::insecure_skip_verify, "Whether to accept any certificate.")
      .attribute("server_name", &tls::server_name, "Name that the server's certificate must have.")
      .attribute("ca_pem", &tls::ca_pem, "Certificates to verify the server with; none: the system's.")
      .attribute("ca_file", &tls::ca_file, "File that holds them; read again when it changes.")
      .attribute("cert_pem", &tls::cert_pem, "Own certificate.")
      .attribute("cert_file", &tls::cert_file, "File that holds it; read again when it changes.")
      .attribute("key_pem", &tls::key_pem, "Own private key.")
      .attribute("key_file", &tls::key_file, "File that holds it; read again when it changes.")
      .choice("min_version", &tls::min_version, {"", "1.0", "1.1", "1.2", "1.3"}, "Lowest version of TLS.")
      .not_yet("max_version", &tls::max_version, "")
      .not_yet("cipher_suites", &tls::cipher_suites, "")
      .not_yet("curve_preferences", &tls::curve_preferences, "")
      .not_yet("include_insecure_cipher_suites", &tls::include_insecure_cipher_suites, "")
      .not_yet("include_system_ca_certs_pool", &tls::include_system_ca_certs_pool, "")
      .not_yet("reload_interval", &tls::reload_interval, "")
      .not_yet_block("tpm", "A key in a TPM.")
      .check([](const tls& t) {
        config::complaints all;
        const auto one_of = [&](const char* name, bool pem, bool file) {
          if (pem && file) {
            all.push_back({std::string(name) + "_file",
                           "at most one of " + std::string(name) + "_pem and " + name + "_file must be configured"});
          }
        };
        one_of("ca", !t.ca_pem.empty(), !t.ca_file.empty());
        one_of("cert", !t.cert_pem.empty(), !t.cert_file.empty());
        one_of("key", !t.key_pem.text.empty(), !t.key_file.empty());
        const bool cert = !t.cert_pem.empty() || !t.cert_file.empty();
        const bool key = !t.key_pem.text.empty() || !t.key_file.empty();
        if (cert != key) all.push_back({"", "a client certificate and its key must be configured together"});
        return all;
      });
  return s;
}

http::tls_options to_options(const tls& from) {
  http::tls_options made;
  made.ca_pem = from.ca_pem, made.ca_file = from.ca_file;
  made.cert_pem = from.cert_pem, made.cert_file = from.cert_file;
  made.key_pem = from.key_pem.text, made.key_file = from.key_file;
  made.server_name = from.server_name;
  if (!from.min_version.empty()) made.min_version = "TLS" + from.min_version.substr(0, 1) + from.min_version.substr(2);
  made.insecure_skip_verify = from.insecure_skip_verify;
  return made;
}

config::body_of<sending_queue> queue_schema() {
  config::body_of<sending_queue> s;
  s.attribute("num_consumers", &sending_queue::num_consumers, "Requests that may be in flight.")
      .attribute("queue_size", &sending_queue::queue_size, "What may wait in memory; the rest waits on the disk.")
      .choice("sizer", &sending_queue::sizer, {"requests", "items", "bytes"}, "What queue_size counts.")
      .not_yet("enabled", &sending_queue::enabled, "")
      .not_yet("block_on_overflow", &sending_queue::block_on_overflow, "")
      .not_yet("wait_for_result", &sending_queue::wait_for_result, "")
      .not_yet_block("batch", "Joining what waits to larger requests.")
      .check([](const sending_queue& q) {
        config::complaints all;
        if (q.num_consumers <= 0) all.push_back({"num_consumers", "num_consumers must be greater than 0"});
        if (q.queue_size <= 0) all.push_back({"queue_size", "queue_size must be greater than 0"});
        return all;
      });
  return s;
}

config::body_of<retry_on_failure> retry_schema() {
  config::body_of<retry_on_failure> s;
  s.attribute("enabled", &retry_on_failure::enabled, "Whether to try again at all.")
      .attribute("initial_interval", &retry_on_failure::initial_interval, "Pause after the first failure.")
      .attribute("randomization_factor", &retry_on_failure::randomization_factor,
                 "How much shorter or longer a pause may be, as a share of it.")
      .attribute("multiplier", &retry_on_failure::multiplier, "From one pause to the next.")
      .attribute("max_interval", &retry_on_failure::max_interval, "Longest pause.")
      .attribute("max_elapsed_time", &retry_on_failure::max_elapsed_time,
                 "How long a request is tried before it is dropped; 0: for ever.")
      .check([](const retry_on_failure& r) {
        config::complaints all;
        if (r.initial_interval.count() <= 0)
          all.push_back({"initial_interval", "initial_interval must be greater than 0"});
        if (r.randomization_factor < 0 || r.randomization_factor > 1)
          all.push_back({"randomization_factor", "randomization_factor must be between 0 and 1"});
        if (r.multiplier <= 1) all.push_back({"multiplier", "multiplier must be greater than 1.0"});
        if (r.max_interval.count() <= 0) all.push_back({"max_interval", "max_interval must be greater than 0"});
        if (r.max_elapsed_time.count() < 0)
          all.push_back({"max_elapsed_time", "max_elapsed_time must not be negative"});
        return all;
      });
  return s;
}

config::body_of<debug_metrics> debug_schema() {
  config::body_of<debug_metrics> s;
  s.not_yet("disable_high_cardinality_metrics", &debug_metrics::disable_high_cardinality_metrics, "")
      .not_yet("level", &debug_metrics::level, "");
  return s;
}

writer::endpoint_settings settings_of(const sending_queue& queue, const retry_on_failure& retry) {
  writer::endpoint_settings made;
  made.delivery.max_in_flight = static_cast<std::size_t>(queue.num_consumers);
  made.delivery.max_size = 1;  // what came as one batch goes as one request
  made.delivery.deadline = {};
  made.delivery.min_backoff = retry.initial_interval;
  made.delivery.max_backoff = std::max(retry.initial_interval, retry.max_interval);
  made.delivery.multiplier = retry.multiplier;
  made.delivery.randomization = retry.randomization_factor;
  // Any time at all is longer than this: given up after the first failure.
  made.delivery.max_elapsed = retry.enabled ? retry.max_elapsed_time : nanoseconds(1);
  made.max_pending = static_cast<std::uint64_t>(queue.queue_size);
  return made;
}

config::complaints check_compression(const std::string& compression) {
  if (compression.empty() || compression == "none" || compression == "gzip") return {};
  for (const std::string_view known : {"zstd", "snappy", "zlib", "deflate", "lz4"}) {
    if (compression == known)
      return {{"compression", "compression \"" + compression + "\" does not work yet; use \"gzip\" or \"none\""}};
  }
  return {{"compression", "unsupported compression type \"" + compression + "\""}};
}

}  // namespace troupe::otelcol::exporting
