#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "actors/runtime/component.hpp"
#include "actors/runtime/own_metrics.hpp"
#include "protocol/telemetry/batch.hpp"

namespace troupe::prometheus {

/// Where a component's samples go, counted as Alloy counts them: each once, however many receivers there are.
class fan_out {
 public:
  explicit fan_out(runtime::component_context& context)
      : out_(context, 0),
        forwarded_(context.metrics().counter("prometheus_forwarded_samples_total",
                                             "Samples pushed to at least one receiver.")) {}

  void connect(const std::vector<std::shared_ptr<const runtime::receiver>>& to) {
    receivers_ = to.size();
    out_.connect(to);
  }
  void push(telemetry::metrics_ref batch, runtime::receipt of) {
    if (receivers_ > 0) forwarded_.add(static_cast<double>(batch->items()));
    out_.push(std::move(batch), std::move(of));
  }

 private:
  runtime::outlet<telemetry::metrics_batch> out_;
  runtime::counter& forwarded_;
  std::size_t receivers_ = 0;
};

}  // namespace troupe::prometheus
