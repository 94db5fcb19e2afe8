#include "actors/otelcol/exporter/arguments.hpp"

#include <algorithm>
#include <limits>

namespace troupe::otelcol::exporting {

namespace {

/// Those that Go calls insecure: RC4, 3DES, CBC with SHA-256, and all without forward secrecy.
bool is_insecure(std::string_view suite) {
  const auto has = [suite](std::string_view part) { return suite.find(part) != std::string_view::npos; };
  return suite.starts_with("TLS_RSA_") || has("_RC4_") || has("_3DES_") || suite.ends_with("_CBC_SHA256");
}

config::complaints check_tls(const tls& t) {
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
  if (t.reload_interval.count() < 0) all.push_back({"reload_interval", "reload_interval must not be negative"});
  for (const auto& suite : t.cipher_suites) {
    if (!t.include_insecure_cipher_suites && is_insecure(suite))
      all.push_back({"cipher_suites", "invalid TLS cipher suite: \"" + suite +
                                          "\": it is insecure, include_insecure_cipher_suites would allow it"});
  }
  if (!all.empty()) return all;
  http::client_options options;
  options.tls = to_options(t);
  if (const auto ok = http::validate(options); !ok) all.push_back({"", ok.error().message});
  return all;
}

}  // namespace

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
      .choice("max_version", &tls::max_version, {"", "1.0", "1.1", "1.2", "1.3"}, "Highest version of TLS.")
      .attribute("cipher_suites", &tls::cipher_suites,
                 "Those of TLS 1.2 and before that may be used; empty: the usual.")
      .attribute("curve_preferences", &tls::curve_preferences, "Curves that may be used; empty: the usual.")
      .attribute("include_insecure_cipher_suites", &tls::include_insecure_cipher_suites,
                 "Whether cipher_suites may name those that are insecure.")
      .attribute("include_system_ca_certs_pool", &tls::include_system_ca_certs_pool,
                 "Whether the system's certificates count beside those that are given.")
      .attribute("reload_interval", &tls::reload_interval,
                 "Files are read again when they change, at the latest after this time.")
      .not_yet_block("tpm", "A key in a TPM.")
      .check(check_tls);
  return s;
}

http::tls_options to_options(const tls& from) {
  const auto version = [](const std::string& written) {
    return written.empty() ? "" : "TLS" + written.substr(0, 1) + written.substr(2);
  };
  http::tls_options made;
  made.ca_pem = from.ca_pem, made.ca_file = from.ca_file;
  made.cert_pem = from.cert_pem, made.cert_file = from.cert_file;
  made.key_pem = from.key_pem.text, made.key_file = from.key_file;
  made.server_name = from.server_name;
  made.min_version = version(from.min_version), made.max_version = version(from.max_version);
  made.cipher_suites = from.cipher_suites, made.curve_preferences = from.curve_preferences;
  made.system_roots_too = from.include_system_ca_certs_pool;
  made.insecure_skip_verify = from.insecure_skip_verify;
  return made;
}

namespace {

/// The collector's own words.
config::complaints check_batch(const batch& b) {
  config::complaints all;
  const auto number = [](std::int64_t n) { return std::to_string(n); };
  if (b.flush_timeout.count() <= 0) {
    all.push_back({"flush_timeout", "`flush_timeout` must be positive, found " + number(b.flush_timeout.count())});
  }
  if (b.min_size < 0) all.push_back({"min_size", "`min_size` must be non-negative, found " + number(b.min_size)});
  if (b.max_size < 0) all.push_back({"max_size", "`max_size` must be non-negative, found " + number(b.max_size)});
  if (b.max_size > 0 && b.max_size < b.min_size) {
    all.push_back({"max_size", "`max_size` (" + number(b.max_size) + ") must be greater or equal to `min_size` (" +
                                   number(b.min_size) + ")"});
  }
  return all;
}

config::body_of<batch> batch_schema() {
  config::body_of<batch> s;
  s.attribute("flush_timeout", &batch::flush_timeout, "How long something waits for a request to fill up.")
      .attribute("min_size", &batch::min_size, "Enough for a request to go before that.")
      .attribute("max_size", &batch::max_size, "Of a request; what is larger is split; 0: no bound.")
      .choice("sizer", &batch::sizer, {"items", "bytes"}, "What these sizes count.")
      .check(check_batch);
  return s;
}

}  // namespace

config::body_of<sending_queue> queue_schema() {
  config::body_of<sending_queue> s;
  s.attribute(
       "enabled", &sending_queue::enabled,
       "Whether requests are queued; if not, there is one at a time, as it came, and whoever hands it over learns "
       "how it went.")
      .attribute("num_consumers", &sending_queue::num_consumers, "Requests that may be in flight.")
      .attribute("queue_size", &sending_queue::queue_size, "What may wait in memory; the rest waits on the disk.")
      .choice("sizer", &sending_queue::sizer, {"requests", "items", "bytes"}, "What queue_size counts.")
      .attribute("block_on_overflow", &sending_queue::block_on_overflow,
                 "Either way nobody is blocked and nothing dropped: what finds no room waits on the disk.")
      .attribute("wait_for_result", &sending_queue::wait_for_result,
                 "Whether whoever hands something over learns how it went, not only that it is in the journal.")
      .not_yet("storage", &sending_queue::storage, "")
      .block("batch", &sending_queue::batch, batch_schema(), "What waits is joined to larger requests.")
      .check([](const sending_queue& q) {
        config::complaints all;
        if (q.num_consumers <= 0) all.push_back({"num_consumers", "num_consumers must be greater than 0"});
        if (q.queue_size <= 0) all.push_back({"queue_size", "queue_size must be greater than 0"});
        if (q.batch && q.batch->sizer == q.sizer && q.batch->min_size > q.queue_size)
          all.push_back({"batch", "`min_size` must be less than or equal to `queue_size`"});
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
      .choice("level", &debug_metrics::level, {"none", "basic", "normal", "detailed"}, "Has no effect any more.");
  return s;
}

writer::endpoint_settings settings_of(const sending_queue& queue, const retry_on_failure& retry) {
  writer::endpoint_settings made;
  auto& how = made.delivery;
  how.max_in_flight = queue.enabled ? static_cast<std::size_t>(queue.num_consumers) : 1;
  made.max_pending = queue.enabled ? static_cast<std::uint64_t>(queue.queue_size) : 1;
  if (const auto* batch = queue.batches()) {
    constexpr auto any = std::numeric_limits<std::uint64_t>::max();
    how.max_size = batch->max_size > 0 ? static_cast<std::uint64_t>(batch->max_size) : any;
    how.min_size = static_cast<std::uint64_t>(std::max<std::int64_t>(1, batch->min_size));
    how.deadline = batch->flush_timeout;
  } else {
    how.max_size = 1;  // what came as one batch goes as one request
    how.deadline = {};
  }
  how.min_backoff = retry.initial_interval;
  how.max_backoff = std::max(retry.initial_interval, retry.max_interval);
  how.multiplier = retry.multiplier;
  how.randomization = retry.randomization_factor;
  // Any time at all is longer than this: given up after the first failure.
  how.max_elapsed = retry.enabled ? retry.max_elapsed_time : nanoseconds(1);
  return made;
}

}  // namespace troupe::otelcol::exporting
