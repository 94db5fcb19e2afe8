#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/http_client/own_session.hpp"
#include "actors/prometheus/remote_write/arguments.hpp"
#include "actors/prometheus/remote_write/encoder.hpp"
#include "actors/prometheus/remote_write/endpoint_metrics.hpp"
#include "actors/runtime/component.hpp"
#include "protocol/http/client.hpp"

namespace troupe::prometheus {

/// Tells a backend, every interval, the types and help texts of the families whose samples it gets; in requests of
/// their own, one after the other. A failed one is tried again until the next interval.
class metadata_sender {
 public:
  metadata_sender(runtime::component_context& context, http_client::own_session& session)
      : context_(context), session_(session) {}

  /// All of these outlive this object or the next update().
  void update(const remote_writing::endpoint_arguments& arguments, const encoder& from, endpoint_metrics& metrics);

 private:
  void begin();
  void send_next();
  void answered(const http::response& answer);

  runtime::component_context& context_;
  http_client::own_session& session_;
  const remote_writing::endpoint_arguments* arguments_ = nullptr;
  const encoder* from_ = nullptr;
  endpoint_metrics* metrics_ = nullptr;
  struct message {
    std::shared_ptr<const std::string> body;
    std::size_t entries = 0;
  };
  std::vector<message> waiting_;  // the last one goes first
  std::uint64_t round_ = 0;
  std::chrono::nanoseconds backoff_{};
  runtime::timer next_round_, again_;
  std::shared_ptr<const bool> life_ = std::make_shared<const bool>(true);
};

}  // namespace troupe::prometheus
