#pragma once

#include <memory>
#include <string>

#include "actors/http_client/own_session.hpp"
#include "actors/otelcol/auth/handler.hpp"
#include "actors/otelcol/exporter/arguments.hpp"
#include "actors/otelcol/exporter/compression.hpp"
#include "actors/otelcol/exporter/export_metrics.hpp"
#include "actors/runtime/component.hpp"
#include "actors/writer/protocol.hpp"
#include "protocol/http/client.hpp"
#include "protocol/otlp/response.hpp"
#include "protocol/otlp/split.hpp"
#include "protocol/telemetry/otlp.hpp"

namespace troupe::otelcol {

/// OTLP to one endpoint, over whatever: a request is one batch, or as the block `batch` says. What differs is how it
/// looks as an HTTP request, and what the answer means.
class export_protocol : public writer::protocol {
 public:
  export_protocol(runtime::component_context& context, transport over);
  export_protocol(const export_protocol&) = delete;

  /// One with such a body, but for the body and what `auth` says.
  [[nodiscard]] virtual http::request request(telemetry::otlp_kind what, std::uint32_t form) const = 0;

  [[nodiscard]] writer::prepared prepare(const telemetry::batch_ref& batch) override;
  [[nodiscard]] writer::body_ref build(std::span<const writer::part> parts) override;
  void send(writer::body_ref body, std::uint32_t route, unsigned attempt, when_done done) override;
  void on_delivered(const writer::delivered_request& what) override;
  void on_dropped(const writer::request_body& body, std::uint32_t route, std::uint64_t items,
                  const writer::reply& how) override;
  void on_change(const writer::delivery& now) override { metrics_.follow(now); }

 protected:
  /// How a message is encoded; it goes with it over further attempts, whatever an update says meanwhile: a compression,
  /// and whether it is JSON.
  static constexpr std::uint32_t json = 0x100;
  [[nodiscard]] static compression compression_in(std::uint32_t form) { return static_cast<compression>(form & 0xff); }
  [[nodiscard]] virtual std::uint32_t form_now() const = 0;
  [[nodiscard]] virtual std::string encode(telemetry::otlp_kind what, std::uint32_t form,
                                           std::string message) const = 0;
  using classifier = otlp::export_verdict (*)(const http::response&, std::int64_t wall_ms);
  [[nodiscard]] virtual classifier classify() const = 0;

  /// Whether it could be opened with these now.
  [[nodiscard]] static result<void> check(runtime::services& shared, http::client_options options,
                                          const auth::handler_ref& as);
  /// New connections from the next request on.
  [[nodiscard]] result<void> open(http::client_options options, const auth::handler_ref& as);
  [[nodiscard]] bool is_open() const { return session_.is_open(); }
  void set(const exporting::sending_queue& queue);
  [[nodiscard]] runtime::component_context& context() const { return context_; }

 private:
  [[nodiscard]] static result<void> open(http_client::own_session& session, http::client_options options,
                                         const auth::handler_ref& as);
  using message_parts = std::vector<otlp::message_part>;
  [[nodiscard]] std::shared_ptr<const message_parts> split(const telemetry::otlp_batch& in) const;
  [[nodiscard]] writer::amount amount_of(telemetry::otlp_kind what, std::uint64_t items, std::size_t bytes,
                                         bool last) const;

  runtime::component_context& context_;
  export_metrics metrics_;
  std::shared_ptr<call_durations> durations_;  // answers that come later find them
  exporting::sending_queue queue_;
  auth::handler_ref auth_;
  http_client::own_session session_;
};

}  // namespace troupe::otelcol
