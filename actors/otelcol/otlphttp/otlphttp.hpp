#pragma once

#include "actors/otelcol/exporter/export_protocol.hpp"
#include "actors/otelcol/exporter/exporter.hpp"

namespace troupe::otelcol {

namespace exporting_otlphttp {

struct compression_params {
  std::int64_t level = 0;
  friend bool operator==(const compression_params&, const compression_params&) = default;
};

struct cookies {
  bool enabled = false;  ///< declared, refused unless it is as it is here
  friend bool operator==(const cookies&, const cookies&) = default;
};

struct client {
  std::string endpoint;
  exporting::nanoseconds timeout = std::chrono::seconds(30);
  std::string compression = "gzip";
  exporting_otlphttp::compression_params compression_params;
  std::map<std::string, std::string> headers;
  auth::handler_ref auth;
  bool force_attempt_http2 = true;
  std::string proxy_url;
  exporting::tls tls;
  exporting_otlphttp::cookies cookies;

  // Declared, refused unless they are as they are here.
  bool disable_keep_alives = false;
  exporting::nanoseconds http2_ping_timeout = std::chrono::seconds(15), http2_read_idle_timeout{},
                         idle_conn_timeout = std::chrono::seconds(90);
  std::int64_t max_conns_per_host = 0, max_idle_conns = 100, max_idle_conns_per_host = 0;
  config::byte_size read_buffer_size{0}, write_buffer_size{std::int64_t{512} << 10};
  friend bool operator==(const client&, const client&) = default;
};

/// otelcol.exporter.otlphttp, as it is written.
struct arguments {
  exporting_otlphttp::client client;
  std::string encoding = "proto";
  std::string traces_endpoint, metrics_endpoint, logs_endpoint;
  exporting::sending_queue queue;
  exporting::retry_on_failure retry;
  exporting::debug_metrics debug;
  friend bool operator==(const arguments&, const arguments&) = default;
};
[[nodiscard]] const config::component_schema& schema();

}  // namespace exporting_otlphttp

/// OTLP over HTTP, as protobuf or JSON.
class otlphttp_protocol final : public export_protocol {
 public:
  explicit otlphttp_protocol(runtime::component_context& context) : export_protocol(context, transport::http) {}
  [[nodiscard]] static result<void> check(runtime::services& shared, const exporting_otlphttp::arguments& arguments);
  [[nodiscard]] result<void> update(const exporting_otlphttp::arguments& arguments);
  [[nodiscard]] std::string url() const override;
  [[nodiscard]] http::request request(telemetry::otlp_kind what, std::uint32_t form) const override;

 private:
  [[nodiscard]] std::uint32_t form_now() const override;
  [[nodiscard]] std::string encode(telemetry::otlp_kind what, std::uint32_t form, std::string message) const override;
  [[nodiscard]] classifier classify() const override;

  exporting_otlphttp::arguments arguments_;
};

using exporter_otlphttp = exporter<otlphttp_protocol, exporting_otlphttp::arguments>;

}  // namespace troupe::otelcol
