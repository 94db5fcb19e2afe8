#pragma once

#include "actors/otelcol/exporter/export_protocol.hpp"
#include "actors/otelcol/exporter/exporter.hpp"

namespace troupe::otelcol {

namespace exporting_otlp {

struct keepalive {
  exporting::nanoseconds ping_wait{}, ping_response_timeout{};
  bool ping_without_stream = false;
  friend bool operator==(const keepalive&, const keepalive&) = default;
};

struct client {
  std::string endpoint;
  std::string compression = "gzip";
  std::map<std::string, std::string> headers;
  std::string authority;
  auth::handler_ref auth;
  exporting::tls tls;
  exporting_otlp::keepalive keepalive;

  // Declared, refused unless they are as they are here.
  std::string balancer_name = "round_robin";
  bool wait_for_ready = false;
  config::byte_size read_buffer_size{0}, write_buffer_size{std::int64_t{512} << 10};
  friend bool operator==(const client&, const client&) = default;
};

/// otelcol.exporter.otlp, as it is written.
struct arguments {
  exporting::nanoseconds timeout = std::chrono::seconds(5);
  exporting_otlp::client client;
  exporting::sending_queue queue;
  exporting::retry_on_failure retry;
  exporting::debug_metrics debug;
  friend bool operator==(const arguments&, const arguments&) = default;
};
[[nodiscard]] const config::component_schema& schema();

/// When a connection is probed, by gRPC's rules: after 10 s at the earliest, between requests only where it is asked
/// for.
[[nodiscard]] std::optional<http::keep_alive> probes_of(const arguments& of);

/// `tempo:4317`, with http://, https:// or dns:/// before it as gRPC's clients take it, as the URL to send to: its
/// scheme says whether TLS is spoken.
[[nodiscard]] result<std::string> url_of(const client& client);

}  // namespace exporting_otlp

/// OTLP over gRPC: unary calls over HTTP/2, the status in the trailers.
class otlp_protocol final : public export_protocol {
 public:
  explicit otlp_protocol(runtime::component_context& context) : export_protocol(context, transport::grpc) {}
  [[nodiscard]] static result<void> check(runtime::services& shared, const exporting_otlp::arguments& arguments);
  [[nodiscard]] result<void> update(const exporting_otlp::arguments& arguments);
  [[nodiscard]] std::string url() const override { return url_; }
  [[nodiscard]] http::request request(telemetry::otlp_kind what, std::uint32_t form) const override;

 private:
  [[nodiscard]] std::uint32_t form_now() const override;
  [[nodiscard]] std::string encode(telemetry::otlp_kind what, std::uint32_t form, std::string message) const override;
  [[nodiscard]] classifier classify() const override;

  exporting_otlp::arguments arguments_;
  std::string url_;
};

using exporter_otlp = exporter<otlp_protocol, exporting_otlp::arguments>;

}  // namespace troupe::otelcol
