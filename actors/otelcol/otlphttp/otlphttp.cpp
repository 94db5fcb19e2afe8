#include "actors/otelcol/otlphttp/otlphttp.hpp"

#include <algorithm>

#include "actors/http_client/headers.hpp"
#include "protocol/http/url.hpp"
#include "protocol/http/verdict.hpp"
#include "protocol/otlp/json.hpp"

namespace troupe::otelcol {

namespace exporting_otlphttp {

namespace {

config::body_of<compression_params> params_schema() {
  config::body_of<compression_params> s;
  s.required("level", &compression_params::level,
             "How hard it tries: 1 to 9, for zstd more; what is less is a fast one.");
  return s;
}

config::body_of<cookies> cookies_schema() {
  config::body_of<cookies> s;
  s.not_yet("enabled", &cookies::enabled, "");
  return s;
}

config::complaints check_client_compression(const client& c) {
  using enum compression;
  auto all = check_compression(c.compression, {gzip, zlib, deflate, snappy, snappy_framed, zstd, lz4});
  const auto how = compression_of(c.compression);
  const auto level = c.compression_params.level;
  if (how && !has_level(*how, level)) {
    all.push_back({"compression_params", "unsupported parameters {Level:" + std::to_string(level) +
                                             "} for compression type \"" + c.compression + "\""});
  }
  return all;
}

config::body_of<client> client_schema() {
  config::body_of<client> s;
  s.required("endpoint", &client::endpoint, "Where to send; /v1/traces, /v1/metrics or /v1/logs is appended.")
      .attribute("timeout", &client::timeout, "How long a request may take.")
      .attribute("compression", &client::compression,
                 "gzip, zlib, deflate, snappy, x-snappy-framed, zstd, lz4 or none.")
      .attribute("headers", &client::headers, "Headers of every request.")
      .attribute("auth", &client::auth, "Who sends the requests: what an otelcol.auth component exports.")
      .attribute("force_attempt_http2", &client::force_attempt_http2,
                 "Whether HTTP/2 is spoken where the server offers it over TLS.")
      .attribute("proxy_url", &client::proxy_url, "Proxy to send requests through.")
      .not_yet("disable_keep_alives", &client::disable_keep_alives, "")
      .not_yet("http2_ping_timeout", &client::http2_ping_timeout, "")
      .not_yet("http2_read_idle_timeout", &client::http2_read_idle_timeout, "")
      .not_yet("idle_conn_timeout", &client::idle_conn_timeout, "")
      .not_yet("max_conns_per_host", &client::max_conns_per_host, "")
      .not_yet("max_idle_conns", &client::max_idle_conns, "")
      .not_yet("max_idle_conns_per_host", &client::max_idle_conns_per_host, "")
      .not_yet("read_buffer_size", &client::read_buffer_size, "")
      .not_yet("write_buffer_size", &client::write_buffer_size, "")
      .block("tls", &client::tls, exporting::tls_schema(), "How TLS is spoken, where the URL says https.")
      .block("compression_params", &client::compression_params, params_schema(), "How it is compressed.")
      .block("cookies", &client::cookies, cookies_schema(), "Cookies of the backend.")
      .check([](const client& c) {
        auto all =
            http_client::check_headers(c.headers, {"content-type", "content-encoding", "content-length", "host"});
        const auto more = check_client_compression(c);
        all.insert(all.end(), more.begin(), more.end());
        if (const auto url = http::parse_url(c.endpoint); !url) all.push_back({"endpoint", url.error().message});
        if (c.timeout.count() <= 0) all.push_back({"timeout", "timeout must be greater than 0"});
        return all;
      });
  return s;
}

}  // namespace

const config::component_schema& schema() {
  static const auto schema = [] {
    auto s = config::describe<arguments>("otelcol.exporter.otlphttp", config::stability::generally_available,
                                         "Sends otelcol signals over OTLP and HTTP, over a journal on the disk.");
    s.exports("input", "otelcol.Consumer", "Takes the signals to send.");
    s.choice("encoding", &arguments::encoding, {"proto", "json"}, "How requests are encoded.")
        .attribute("traces_endpoint", &arguments::traces_endpoint, "The whole URL for traces, instead.")
        .attribute("metrics_endpoint", &arguments::metrics_endpoint, "The whole URL for metrics, instead.")
        .attribute("logs_endpoint", &arguments::logs_endpoint, "The whole URL for logs, instead.")
        .required_block("client", &arguments::client, client_schema(), "The backend.")
        .block("sending_queue", &arguments::queue, exporting::queue_schema(), "How signals wait.")
        .block("retry_on_failure", &arguments::retry, exporting::retry_schema(), "How it is tried again.")
        .block("debug_metrics", &arguments::debug, exporting::debug_schema(), "Which own metrics there are.")
        .check([](const arguments& a) {
          config::complaints all;
          const auto url = [&](const char* name, const std::string& text) {
            if (text.empty()) return;
            if (const auto ok = http::parse_url(text); !ok) all.push_back({name, ok.error().message});
          };
          url("traces_endpoint", a.traces_endpoint);
          url("metrics_endpoint", a.metrics_endpoint);
          url("logs_endpoint", a.logs_endpoint);
          return all;
        });
    return s;
  }();
  return schema;
}

}  // namespace exporting_otlphttp

namespace {

std::string joined(std::string base, const char* path) {
  while (base.ends_with('/'))
    base.pop_back();
  return base + path;
}

otlp::export_verdict read(const http::response& answer, std::int64_t wall_ms) {
  return otlp::classify_http(answer.status, answer.header("content-type"), answer.body.view(),
                             http::parse_retry_after(answer.header("Retry-After"), wall_ms));
}

http::client_options options_of(const exporting_otlphttp::arguments& arguments) {
  http::client_options made;
  made.tls = exporting::to_options(arguments.client.tls);
  made.proxy_url = arguments.client.proxy_url;
  made.enable_http2 = arguments.client.force_attempt_http2;
  return made;
}

}  // namespace

result<void> otlphttp_protocol::check(runtime::services& shared, const exporting_otlphttp::arguments& arguments) {
  return export_protocol::check(shared, options_of(arguments), arguments.client.auth);
}

result<void> otlphttp_protocol::update(const exporting_otlphttp::arguments& arguments) {
  const auto& client = arguments.client;
  const auto& before = arguments_.client;
  if (!is_open() || !(client.tls == before.tls) || client.proxy_url != before.proxy_url ||
      client.force_attempt_http2 != before.force_attempt_http2 || !(client.auth == before.auth)) {
    if (const auto ok = open(options_of(arguments), client.auth); !ok) return ok;
  }
  arguments_ = arguments;
  set(arguments.queue);
  return {};
}

std::string otlphttp_protocol::url() const {
  return http::redacted_url(arguments_.client.endpoint);
}

std::uint32_t otlphttp_protocol::form_now() const {
  const auto how = compression_of(arguments_.client.compression).value_or(compression::none);
  return static_cast<std::uint32_t>(how) | (arguments_.encoding == "json" ? json : 0);
}

std::string otlphttp_protocol::encode(telemetry::otlp_kind what, std::uint32_t form, std::string message) const {
  if ((form & json) != 0) message = otlp::to_json(what, message);
  const auto how = compression_in(form);
  return how == compression::none ? message : compress(how, message, arguments_.client.compression_params.level);
}

http::request otlphttp_protocol::request(telemetry::otlp_kind what, std::uint32_t form) const {
  using std::chrono::milliseconds;
  using telemetry::otlp_kind;
  const auto& own = what == otlp_kind::metrics ? arguments_.metrics_endpoint
                    : what == otlp_kind::logs  ? arguments_.logs_endpoint
                                               : arguments_.traces_endpoint;
  const char* path = what == otlp_kind::metrics ? "/v1/metrics" : what == otlp_kind::logs ? "/v1/logs" : "/v1/traces";
  const auto& client = arguments_.client;
  http::request made;
  made.url = own.empty() ? joined(client.endpoint, path) : own;
  made.timeout = std::max(milliseconds(1), std::chrono::duration_cast<milliseconds>(client.timeout));
  made.headers = {{"Content-Type", (form & json) != 0 ? "application/json" : "application/x-protobuf"}};
  if (const auto how = compression_in(form); how != compression::none)
    made.headers.emplace_back("Content-Encoding", name_of(how));
  for (const auto& [name, value] : client.headers)
    made.headers.emplace_back(name, value);
  return made;
}

export_protocol::classifier otlphttp_protocol::classify() const {
  return &read;
}

}  // namespace troupe::otelcol
