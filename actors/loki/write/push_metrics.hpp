#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "actors/runtime/own_metrics.hpp"

namespace troupe::loki {

/// Why entries are dropped, as metrics say it.
enum class drop_reason : std::uint8_t { ingester_error, rate_limited, stream_limited, line_too_long, queue_is_full };
inline constexpr std::size_t drop_reasons = 5;
[[nodiscard]] std::string_view to_string(drop_reason reason);
/// From a backend's answer; `words`: its own.
[[nodiscard]] drop_reason reason_of(int status, std::string_view words);

/// What an endpoint counts of one tenant, under the names of Loki's clients; labels host and tenant. In the component's
/// actor, like the component's other metrics.
class push_metrics {
 public:
  push_metrics(runtime::component_metrics& in, const std::string& host, const std::string& tenant);
  ~push_metrics();
  push_metrics(const push_metrics&) = delete;

  /// `status` 0: there was no answer.
  void answered(int status, std::chrono::nanoseconds took, std::size_t request_bytes);
  void sent(std::uint64_t entries, std::size_t bytes);
  /// How old entries were when they were done with, by their own times.
  void propagated(std::span<const std::int64_t> times_ms, std::int64_t now_ms);
  /// `reason`: the text of a drop_reason.
  void dropped(std::string_view reason, std::uint64_t entries, std::size_t bytes);
  void retried() { retries_.add(); }

 private:
  struct drops {
    runtime::counter& entries;
    runtime::counter& bytes;
  };
  [[nodiscard]] drops make_drops(drop_reason reason);
  [[nodiscard]] telemetry::label_set with(std::string_view name, std::string_view value) const;

  runtime::component_metrics& in_;
  telemetry::label_set labels_;
  runtime::counter& bytes_;
  runtime::counter& entries_;
  runtime::counter& retries_;
  runtime::histogram& request_bytes_;
  runtime::histogram& latency_;
  std::array<drops, drop_reasons> dropped_;
  std::map<std::string, runtime::histogram*> durations_;  // by status
};

/// One for each host and tenant, shared by the endpoints that have them. In the component's actor.
class push_metrics_pool {
 public:
  explicit push_metrics_pool(runtime::component_metrics& in) : in_(in) {}
  [[nodiscard]] std::shared_ptr<push_metrics> of(const std::string& host, const std::string& tenant);

 private:
  runtime::component_metrics& in_;
  std::map<std::pair<std::string, std::string>, std::weak_ptr<push_metrics>> all_;
};

}  // namespace troupe::loki
