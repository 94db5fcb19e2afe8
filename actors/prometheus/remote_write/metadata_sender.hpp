#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "actors/prometheus/remote_write/arguments.hpp"
#include "actors/prometheus/remote_write/encoder.hpp"
#include "actors/prometheus/remote_write/metadata_metrics.hpp"
#include "actors/runtime/component.hpp"
#include "actors/writer/outage.hpp"
#include "actors/writer/protocol.hpp"
#include "protocol/http/client.hpp"

namespace troupe::prometheus {

/// Tells a backend, every interval, the types and help texts of the families whose samples it gets; in requests of
/// their own, one after the other, each tried again as a request of samples is. While such a round is not over no other
/// one begins.
class metadata_sender {
 public:
  /// Calls `done` once, in any thread; perhaps when the sender is gone.
  using transport = std::function<void(http::request what, std::function<void(http::response&&)> done)>;
  /// `name`: the endpoint's.
  metadata_sender(runtime::component_context& context, std::string name, transport send);
  metadata_sender(const metadata_sender&) = delete;

  void update(const remote_writing::endpoint_arguments& arguments, std::shared_ptr<const encoder> from);
  /// The endpoint's samples fail, or no longer do: that is told, so that the same of its metadata need not be.
  void samples_fail(bool now) { samples_fail_ = now; }

 private:
  struct message {
    std::shared_ptr<const std::string> body;
    std::uint64_t entries = 0;
  };
  void begin();
  void pump();
  void send(const writer::request_plan& plan);
  void answered(const writer::request_plan& plan, const http::response& answer);
  void tell_failed(const writer::request_plan& plan, const writer::reply& how, bool over);
  void drop_round();

  runtime::component_context& context_;
  std::string name_, shown_name_;
  transport send_;
  std::optional<remote_writing::endpoint_arguments> arguments_;
  std::shared_ptr<const encoder> from_;
  std::unique_ptr<metadata_metrics> metrics_;
  writer::delivery delivery_{writer::delivery_settings{}};
  std::map<writer::sequence, message> messages_;  // that delivery_ holds
  writer::sequence last_ = 0;
  writer::outage outage_;
  bool samples_fail_ = false;
  runtime::timer next_round_, again_;
  std::shared_ptr<const bool> life_;  // of a round: answers that come later find it gone
};

}  // namespace troupe::prometheus
