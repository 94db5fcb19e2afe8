#include "actors/otelcol/otlp/otlp.hpp"

#include <algorithm>

#include "actors/http_client/headers.hpp"
#include "protocol/http/url.hpp"
#include "protocol/otlp/grpc.hpp"

namespace troupe::otelcol {

namespace exporting_otlp {

namespace {

config::body_of<keepalive> keepalive_schema() {
  config::body_of<keepalive> s;
  s.attribute("ping_wait", &keepalive::ping_wait,
              "How long a connection may be silent before it is probed; at least 10s, as gRPC has it; 0s: for ever.")
      .attribute("ping_response_timeout", &keepalive::ping_response_timeout,
                 "How long an answer may take before the connection is closed; 0s: 20s.")
      .attribute("ping_without_stream", &keepalive::ping_without_stream, "Whether it is probed between requests, too.")
      .check([](const keepalive& k) {
        config::complaints all;
        if (k.ping_wait.count() < 0) all.push_back({"ping_wait", "ping_wait must not be negative"});
        if (k.ping_response_timeout.count() < 0)
          all.push_back({"ping_response_timeout", "ping_response_timeout must not be negative"});
        return all;
      });
  return s;
}

config::body_of<client> client_schema() {
  config::body_of<client> s;
  s.required("endpoint", &client::endpoint, "Where to send, host:port.")
      .attribute("compression", &client::compression, "gzip, snappy, zstd or none.")
      .attribute("headers", &client::headers, "Metadata of every request.")
      .attribute("authority", &client::authority, "What the server is called in the request; empty: the endpoint.")
      .attribute("auth", &client::auth, "Who sends the requests: what an otelcol.auth component exports.")
      .not_yet("balancer_name", &client::balancer_name, "")
      .not_yet("wait_for_ready", &client::wait_for_ready, "")
      .not_yet("read_buffer_size", &client::read_buffer_size, "")
      .not_yet("write_buffer_size", &client::write_buffer_size, "")
      .block("tls", &client::tls, exporting::tls_schema(), "How TLS is spoken; without this block it is.")
      .block("keepalive", &client::keepalive, keepalive_schema(), "Probes of silent connections (TCP's own).")
      .check([](const client& c) {
        if (c.endpoint.empty()) return config::complaints{{"endpoint", "endpoint must not be empty"}};
        auto all = http_client::check_headers(
            c.headers, {"content-type", "te", "grpc-encoding", "grpc-timeout", "user-agent", "host", "content-length"});
        const auto more = check_compression(c.compression, {compression::gzip, compression::snappy, compression::zstd});
        all.insert(all.end(), more.begin(), more.end());
        if (const auto url = url_of(c); !url) all.push_back({"endpoint", url.error().message});
        if (!c.authority.empty() && !http::valid_header("Host", c.authority))
          all.push_back({"authority", "\"" + c.authority + "\" is no valid authority"});
        return all;
      });
  return s;
}

}  // namespace

std::optional<http::keep_alive> probes_of(const arguments& of) {
  using std::chrono::seconds;
  constexpr seconds least_wait{10}, usual_timeout{20};
  const auto& [wait, timeout, without_stream] = of.client.keepalive;
  if (wait.count() == 0) return std::nullopt;
  const auto whole = [](exporting::nanoseconds d) { return std::chrono::ceil<seconds>(d); };
  const auto after = std::max(least_wait, whole(wait));
  if (!without_stream && of.timeout <= after) return std::nullopt;  // no request is under way so long
  return http::keep_alive{after, timeout.count() == 0 ? usual_timeout : whole(timeout)};
}

result<std::string> url_of(const client& client) {
  std::string_view at = client.endpoint;
  bool secure = !client.tls.insecure;
  if (at.starts_with("https://")) secure = true;
  for (const std::string_view scheme : {"http://", "https://", "dns:///", "passthrough:///"}) {
    if (at.starts_with(scheme)) {
      at.remove_prefix(scheme.size());
      break;
    }
  }
  if (at.find("://") != std::string_view::npos || at.starts_with("unix:"))
    return failure("endpoint \"" + client.endpoint + "\" must be host:port");
  const auto url = http::parse_url((secure ? "https://" : "http://") + std::string(at));
  if (!url) return failure("endpoint \"" + client.endpoint + "\" must be host:port");
  if (!url->explicit_port) return failure("endpoint \"" + client.endpoint + "\" has no port; gRPC's is usually 4317");
  if (url->path != "/" || !url->query.empty() || !url->user.empty())
    return failure("endpoint \"" + client.endpoint + "\" must be host:port, without a path");
  auto text = url->text();
  while (text.ends_with('/'))
    text.pop_back();
  return text;
}

const config::component_schema& schema() {
  static const auto schema = [] {
    auto s = config::describe<arguments>("otelcol.exporter.otlp", config::stability::generally_available,
                                         "Sends otelcol signals over OTLP and gRPC, over a journal on the disk.");
    s.exports("input", "otelcol.Consumer", "Takes the signals to send.");
    s.attribute("timeout", &arguments::timeout, "How long a request may take.")
        .required_block("client", &arguments::client, client_schema(), "The backend.")
        .block("sending_queue", &arguments::queue, exporting::queue_schema(), "How signals wait.")
        .block("retry_on_failure", &arguments::retry, exporting::retry_schema(), "How it is tried again.")
        .block("debug_metrics", &arguments::debug, exporting::debug_schema(), "Which own metrics there are.")
        .check([](const arguments& a) -> config::complaints {
          if (a.timeout.count() > 0) return {};
          return {{"timeout", "timeout must be greater than 0"}};
        });
    return s;
  }();
  return schema;
}

}  // namespace exporting_otlp

namespace {

const char* path_of(telemetry::otlp_kind what) {
  switch (what) {
    case telemetry::otlp_kind::metrics:
      return "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    case telemetry::otlp_kind::logs:
      return "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    default:
      return "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  }
}

otlp::export_verdict read(const http::response& answer, std::int64_t) {
  return otlp::classify_grpc({answer.status, answer.header("content-type"), answer.header("grpc-status"),
                              answer.header("grpc-message"), answer.header("grpc-status-details-bin"),
                              answer.body.view()});
}

http::client_options options_of(const exporting_otlp::arguments& arguments) {
  http::client_options made;
  made.tls = exporting::to_options(arguments.client.tls);
  made.assume_http2 = true;
  made.follow_redirects = false;
  made.keep_alive = exporting_otlp::probes_of(arguments);
  return made;
}

}  // namespace

result<void> otlp_protocol::check(runtime::services& shared, const exporting_otlp::arguments& arguments) {
  if (const auto url = exporting_otlp::url_of(arguments.client); !url) return tl::unexpected(url.error());
  return export_protocol::check(shared, options_of(arguments), arguments.client.auth);
}

result<void> otlp_protocol::update(const exporting_otlp::arguments& arguments) {
  const auto url = exporting_otlp::url_of(arguments.client);
  if (!url) return tl::unexpected(url.error());
  if (!is_open() || *url != url_ || !(arguments.client.tls == arguments_.client.tls) ||
      exporting_otlp::probes_of(arguments) != exporting_otlp::probes_of(arguments_) ||
      !(arguments.client.auth == arguments_.client.auth)) {
    if (const auto ok = open(options_of(arguments), arguments.client.auth); !ok) return ok;
  }
  url_ = *url;
  arguments_ = arguments;
  set(arguments.queue);
  return {};
}

std::uint32_t otlp_protocol::form_now() const {
  const auto how = compression_of(arguments_.client.compression).value_or(compression::none);
  // What gRPC calls snappy is its stream format.
  return static_cast<std::uint32_t>(how == compression::snappy ? compression::snappy_framed : how);
}

std::string otlp_protocol::encode(telemetry::otlp_kind, std::uint32_t form, std::string message) const {
  const auto how = compression_in(form);
  if (how == compression::none) return otlp::frame(message, false);
  return otlp::frame(compress(how, message), true);
}

http::request otlp_protocol::request(telemetry::otlp_kind what, std::uint32_t form) const {
  using std::chrono::milliseconds;
  const auto& client = arguments_.client;
  http::request made;
  made.url = url_ + path_of(what);
  made.timeout = std::max(milliseconds(1), std::chrono::duration_cast<milliseconds>(arguments_.timeout));
  made.headers = {{"Content-Type", "application/grpc"},
                  {"TE", "trailers"},
                  {"grpc-accept-encoding", "identity"},
                  {"grpc-timeout", std::to_string(std::min<std::int64_t>(made.timeout.count(), 99'999'999)) + "m"}};
  const auto how = compression_in(form);
  if (how != compression::none)
    made.headers.emplace_back("grpc-encoding", how == compression::snappy_framed ? "snappy" : name_of(how));
  if (!client.authority.empty()) made.headers.emplace_back("Host", client.authority);
  for (const auto& [name, value] : client.headers)
    made.headers.emplace_back(name, value);
  return made;
}

export_protocol::classifier otlp_protocol::classify() const {
  return &read;
}

}  // namespace troupe::otelcol
