#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "actors/runtime/backlog.hpp"
#include "actors/runtime/event_bus.hpp"
#include "actors/runtime/tracing.hpp"
#include "protocol/otlp/trace_builder.hpp"

namespace troupe::tracing {

/// The collector's own traces: each sampled unit of work as a span. Until the first configuration is decided on it
/// keeps all of them, a bounded number; the first ratio then says which traces stay. All functions from any thread, but
/// none from an on_event().
class own_traces final : public runtime::event_subscriber {
 public:
  /// `host`, `version`: of the resource. From now on the tracer samples everything, until configure().
  own_traces(runtime::tracer& tracer, const std::string& host, const std::string& version);

  struct settings {
    double fraction = 0.1;      ///< of traces that begin here
    bool forwards = false;      ///< spans are kept for waiting()
    bool propagates = false;    ///< traceparent in requests, both ways
    bool asks_sampler = false;  ///< another sampler than the fraction decides; it has set or will set itself
  };
  void configure(const settings& how);

  /// The spans, while they are kept.
  using spans = runtime::backlog<otlp::trace_builder, &otlp::trace_builder::bytes>;
  [[nodiscard]] spans& waiting() { return waiting_; }

  static constexpr std::size_t max_early = 4096;

  [[nodiscard]] runtime::event_interest interest() const override;
  void on_event(const runtime::event& what) noexcept override;

 private:
  void keep(const runtime::event& what);
  void decide_early(const settings& how);  // needs mutex_; once

  runtime::tracer& tracer_;
  std::atomic<bool> listens_{true}, decided_{false};
  std::mutex mutex_;
  std::deque<std::unique_ptr<const runtime::event>> early_;
  // Set before decided_ is, and never again.
  runtime::ratio first_share_;
  std::chrono::system_clock::time_point decided_at_;
  spans waiting_;
};

}  // namespace troupe::tracing
