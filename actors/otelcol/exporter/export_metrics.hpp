#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "actors/runtime/own_metrics.hpp"
#include "actors/writer/delivery.hpp"
#include "protocol/telemetry/otlp.hpp"

namespace troupe::otelcol {

enum class transport : std::uint8_t { grpc, http };

/// How long calls took, under OpenTelemetry's names, by the backend's code. Any thread.
class call_durations {
 public:
  call_durations(runtime::component_metrics& in, transport over) : in_(in.shared_from_this()), over_(over) {}
  /// `code`: of gRPC or HTTP; none: there was no answer.
  void add(std::optional<int> code, std::chrono::nanoseconds took);
  [[nodiscard]] transport over() const { return over_; }

 private:
  const std::shared_ptr<runtime::component_metrics> in_;  // answers may come when the component is gone
  const transport over_;
};

/// What an exporter counts, under the names of the OpenTelemetry Collector.
class export_metrics {
 public:
  /// `exporter`: the component's id.
  export_metrics(runtime::component_metrics& in, const std::string& exporter);

  void sent(telemetry::otlp_kind what, std::uint64_t items) { of(what).sent.add(static_cast<double>(items)); }
  void failed(telemetry::otlp_kind what, std::uint64_t items) { of(what).failed.add(static_cast<double>(items)); }
  void capacity(std::uint64_t size) { capacity_.set(static_cast<double>(size)); }
  void follow(const writer::delivery& now) { size_.set(static_cast<double>(now.counts().pending_weight)); }

 private:
  struct counts {
    runtime::counter& sent;
    runtime::counter& failed;
  };
  [[nodiscard]] static counts make(runtime::component_metrics& in, const std::string& exporter,
                                   const std::string& items);
  [[nodiscard]] counts& of(telemetry::otlp_kind what) { return by_kind_[static_cast<std::size_t>(what)]; }

  std::array<counts, 3> by_kind_;
  runtime::gauge& size_;
  runtime::gauge& capacity_;
};

}  // namespace troupe::otelcol
