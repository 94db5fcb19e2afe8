#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "actors/http_client/own_session.hpp"
#include "actors/prometheus/remote_write/arguments.hpp"
#include "actors/prometheus/remote_write/encoder.hpp"
#include "actors/prometheus/remote_write/endpoint_metrics.hpp"
#include "actors/prometheus/remote_write/metadata_sender.hpp"
#include "actors/runtime/component.hpp"
#include "actors/writer/endpoint.hpp"
#include "protocol/http/client.hpp"

namespace troupe::prometheus {

/// Prometheus remote write 1.0 to one endpoint. A request's size is counted in samples.
class remote_write_1 final : public writer::protocol {
 public:
  remote_write_1(runtime::component_context& context, std::string name)
      : context_(context),
        name_(std::move(name)),
        session_(context.shared()),
        metadata_(context, name_, [this](http::request what, std::function<void(http::response&&)> done) {
          session_.submit(std::move(what), std::move(done));
        }) {}
  remote_write_1(const remote_write_1&) = delete;

  [[nodiscard]] result<void> update(const remote_writing::endpoint_arguments& arguments,
                                    const telemetry::label_set& external);

  [[nodiscard]] writer::prepared prepare(const telemetry::batch_ref& batch) override;
  [[nodiscard]] writer::body_ref build(std::span<const writer::part> parts) override;
  void send(writer::body_ref body, std::uint32_t route, unsigned attempt, when_done done) override;
  [[nodiscard]] std::string url() const override;
  void on_delivered(const writer::delivered_request& what) override;
  void on_dropped(const writer::request_body& body, std::uint32_t route, std::uint64_t items,
                  const writer::reply& how) override;
  void on_change(const writer::delivery& now) override;
  void on_unreadable(std::uint64_t records) override { metrics_->unreadable(records); }

 private:
  runtime::component_context& context_;
  std::string name_;
  remote_writing::endpoint_arguments arguments_;
  telemetry::label_set external_;
  http_client::own_session session_;
  std::shared_ptr<encoder> encoder_;
  std::unique_ptr<endpoint_metrics> metrics_;
  metadata_sender metadata_;
};

[[nodiscard]] writer::endpoint_settings settings_of(const remote_writing::queue_config& queue);

}  // namespace troupe::prometheus
