#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/http_client/own_session.hpp"
#include "actors/loki/write/arguments.hpp"
#include "actors/loki/write/push_metrics.hpp"
#include "actors/runtime/component.hpp"
#include "actors/writer/endpoint.hpp"
#include "protocol/http/client.hpp"

namespace troupe::loki {

struct prepared_logs;

/// Loki's push protocol to one endpoint. A request's size is counted in bytes of lines and structured metadata; it is
/// of one tenant.
class push_protocol final : public writer::protocol {
 public:
  push_protocol(runtime::component_context& context, push_metrics_pool& metrics)
      : context_(context), metrics_(metrics), session_(context.shared()) {}
  push_protocol(const push_protocol&) = delete;

  [[nodiscard]] result<void> update(const writing::endpoint_arguments& arguments, const telemetry::label_set& external,
                                    std::size_t max_streams);

  [[nodiscard]] writer::prepared prepare(const telemetry::batch_ref& batch) override;
  /// Another number of shards sorts streams anew: only when nothing sorted the old way is under way.
  [[nodiscard]] bool ready(const writer::delivery& now) override;
  [[nodiscard]] writer::body_ref build(std::span<const writer::part> parts) override;
  void send(writer::body_ref body, std::uint32_t route, unsigned attempt, when_done done) override;
  [[nodiscard]] std::string url() const override;
  void on_answered(const writer::request_body& body, std::uint32_t route, const writer::reply& how) override;
  void on_delivered(const writer::delivered_request& what) override;
  void on_dropped(const writer::request_body& body, std::uint32_t route, std::uint64_t items,
                  const writer::reply& how) override;

 private:
  /// The tenant of a route; each has its own metrics.
  struct tenant {
    std::string name;
    std::shared_ptr<push_metrics> metrics;
  };
  [[nodiscard]] std::uint32_t route_of(const telemetry::label_set& stream);
  [[nodiscard]] std::vector<std::pair<std::uint64_t, std::uint32_t>> by_lane(const prepared_logs& of) const;
  [[nodiscard]] http::request request_of(const writer::body_ref& body, const std::string& tenant) const;

  runtime::component_context& context_;
  push_metrics_pool& metrics_;
  writing::endpoint_arguments arguments_;
  telemetry::label_set external_;
  std::size_t max_streams_ = 0;
  std::uint64_t shards_ = 1;  ///< that prepare() sorts streams into
  std::string host_;
  http_client::own_session session_;
  std::vector<tenant> tenants_;  // by route; they stay for good: requests refer to them
  std::map<std::string, std::uint32_t, std::less<>> routes_;
};

[[nodiscard]] writer::endpoint_settings settings_of(const writing::endpoint_arguments& endpoint,
                                                    const writing::wal_config& wal);

}  // namespace troupe::loki
