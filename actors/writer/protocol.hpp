#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actors/writer/delivery.hpp"
#include "protocol/telemetry/batch.hpp"

namespace troupe::writer {

/// What came of a request.
struct reply {
  request_outcome outcome;
  std::string words;   ///< unless all was delivered: the backend's, or why there is no answer; for people
  std::string reason;  ///< of what is dropped, should the request end with this: a short word, as in metrics
  int status = 0;      ///< of HTTP or gRPC; 0: none
  clock_duration took{};
};

/// A batch as a protocol sends it.
struct prepared {
  std::optional<std::uint64_t> lane = std::nullopt;  ///< none: its order does not matter
  std::int64_t timestamp_ms = 0;
  std::vector<amount> pieces;
  std::shared_ptr<const void> how;  ///< the protocol's own
  /// Where its pieces are of several lanes: one for each piece, ascending; then `lane` says nothing.
  std::vector<std::uint64_t> lanes{};
};

/// One piece of a request that is being built.
struct part {
  const telemetry::batch* of = nullptr;
  const void* how = nullptr;
  std::uint32_t piece = 0;
};

/// A request, encoded; kept until it is over, for further attempts.
struct request_body {
  std::string bytes{};
  std::uint32_t form = 0;      ///< the protocol's own: how it is encoded
  std::uint64_t left_out = 0;  ///< items of its parts that the protocol had to leave out; it says so in its replies
  std::vector<std::int64_t> times_ms{};  ///< of its items, where the protocol counts how long they took
};
using body_ref = std::shared_ptr<const request_body>;

/// The bytes as an HTTP request wants them; they live as long as the body.
[[nodiscard]] inline std::shared_ptr<const std::string> bytes_of(const body_ref& body) {
  return {body, &body->bytes};
}

/// A request that the backend took.
struct delivered_request {
  std::uint64_t items = 0;
  std::size_t bytes = 0;       ///< of its body
  std::int64_t newest_ms = 0;  ///< of its batches, Unix time
  clock_duration took{};
  std::uint32_t route = 0;
  const request_body* body = nullptr;
};

/// A writer's own part for one endpoint: encode and send, and its own metrics. In the component's actor.
class protocol {
 public:
  virtual ~protocol() = default;

  [[nodiscard]] virtual prepared prepare(const telemetry::batch_ref& batch) = 0;
  /// Before prepare(). False: not before all that was prepared is done.
  [[nodiscard]] virtual bool ready(const delivery& /*now*/) { return true; }
  /// All of one route.
  [[nodiscard]] virtual body_ref build(std::span<const part> parts) = 0;
  /// Calls `done` once, in any thread; perhaps when this object is gone.
  using when_done = std::function<void(reply)>;
  virtual void send(body_ref body, std::uint32_t route, unsigned attempt, when_done done) = 0;
  [[nodiscard]] virtual std::string url() const = 0;  ///< as shown: without secrets

  // What it counts, in the component's actor.
  virtual void on_unreadable(std::uint64_t /*records*/) {}  ///< of the journal: gone, or could not be decoded
  /// Each answer, before what follows from it; one without a status is none.
  virtual void on_answered(const request_body&, std::uint32_t /*route*/, const reply&) {}
  virtual void on_delivered(const delivered_request& /*what*/) {}
  /// `items` of the request are given up for good: refused, tried too often, or taken for nothing.
  virtual void on_dropped(const request_body&, std::uint32_t /*route*/, std::uint64_t /*items*/, const reply&) {}
  virtual void on_change(const delivery& /*now*/) {}
};

}  // namespace troupe::writer
