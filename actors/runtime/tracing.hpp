#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "protocol/telemetry/batch.hpp"

namespace troupe::runtime {

using telemetry::trace_context;

/// A unit of work under way: its own span, and the one that it is part of. All zero: nobody follows it.
struct work {
  trace_context self;
  std::array<std::uint8_t, 8> parent{};  ///< of the span above; all zero: it begins a trace
};

/// Decides whether a trace that begins here is followed. Called from any thread.
class sampler {
 public:
  virtual ~sampler() = default;
  /// `operation`: the name of the span that begins the trace.
  [[nodiscard]] virtual bool sample(const trace_context& of, std::string_view operation) = 0;
};

/// This share of all traces, chosen by their ids alone, so that every node chooses the same (OpenTelemetry,
/// "TraceIdRatioBased"). `fraction` <= 0: none; >= 1: all.
class ratio {
 public:
  constexpr ratio() = default;
  explicit constexpr ratio(double fraction)
      : below_(fraction <= 0   ? 0
               : fraction >= 1 ? std::uint64_t{1} << 63
                               : static_cast<std::uint64_t>(fraction * 0x1p63)) {}
  [[nodiscard]] bool sample(const trace_context& of) const;
  [[nodiscard]] bool none() const { return below_ == 0; }

 private:
  std::uint64_t below_ = 0;
};

/// Gives units of work their places in traces. All functions from any thread; a few nanoseconds.
class tracer {
 public:
  /// The first span of a trace. What is not sampled has no ids unless they are to be sent on.
  [[nodiscard]] work begin(std::string_view operation) const;
  /// Part of the work that `parent` names: followed if that is.
  [[nodiscard]] work part_of(const trace_context& parent) const;

  /// Whether any trace that begins here is followed.
  [[nodiscard]] bool samples() const {
    return asks_.load(std::memory_order_relaxed) || !share_.load(std::memory_order_relaxed).none();
  }

  void set(ratio share);
  void set(std::shared_ptr<sampler> how);  ///< instead of the ratio
  /// W3C headers go out with requests and count on those that come in.
  void set_propagation(bool on) { propagates_.store(on, std::memory_order_relaxed); }
  [[nodiscard]] bool propagates() const { return propagates_.load(std::memory_order_relaxed); }

 private:
  std::atomic<ratio> share_{ratio()};
  std::atomic<bool> propagates_{false}, asks_{false};
  mutable std::mutex mutex_;
  std::shared_ptr<sampler> sampler_;  // not null: asks_
};

/// `00-<trace id>-<span id>-<flags>` (W3C Trace Context, "traceparent"); empty for no context.
[[nodiscard]] std::string to_traceparent(const trace_context& of);
/// What is malformed gives no context.
[[nodiscard]] trace_context from_traceparent(std::string_view header);

}  // namespace troupe::runtime
