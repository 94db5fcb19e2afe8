#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

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
    bool forwards = false;      ///< spans are kept for take()
    bool propagates = false;    ///< traceparent in requests, both ways
    bool asks_sampler = false;  ///< another sampler than the fraction decides; it has set or will set itself
  };
  void configure(const settings& how);

  /// Called when there is something to take again, by whoever publishes; it must be quick. Null: nobody takes.
  void on_spans(std::function<void()> wake);
  /// What has come since, oldest first. Own telemetry, in batches of at most 1 MiB.
  [[nodiscard]] std::vector<std::shared_ptr<telemetry::otlp_batch>> take();
  /// How many spans had to go because nobody took them in time; since the last call.
  [[nodiscard]] std::uint64_t take_forgotten() { return forgotten_.exchange(0, std::memory_order_relaxed); }

  static constexpr std::size_t max_kept_bytes = std::size_t{8} << 20;
  static constexpr std::size_t max_early = 4096;

  [[nodiscard]] runtime::event_interest interest() const override;
  void on_event(const runtime::event& what) noexcept override;

 private:
  void keep(const runtime::event& what);   // needs mutex_
  void make_room();                        // needs mutex_
  void decide_early(const settings& how);  // needs mutex_

  runtime::tracer& tracer_;
  std::atomic<bool> listens_{true};
  std::atomic<std::uint64_t> forgotten_{0};
  std::mutex mutex_;
  bool decided_ = false;
  std::deque<std::unique_ptr<const runtime::event>> early_;
  std::function<void()> wake_;
  bool waked_ = false;
  otlp::trace_builder newest_;
  std::deque<std::shared_ptr<telemetry::otlp_batch>> kept_;  // older, full ones
  std::size_t kept_bytes_ = 0;
};

}  // namespace troupe::tracing
