#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actors/runtime/health.hpp"
#include "actors/runtime/own_metrics.hpp"
#include "actors/runtime/supervision.hpp"

namespace troupe::runtime {

/// What the controller counts about its evaluations, under Alloy's names.
class controller_metrics {
 public:
  explicit controller_metrics(own_metrics& in);

  /// The gauge is 1 while the result lives.
  [[nodiscard]] std::shared_ptr<void> evaluating();
  /// An evaluation that a changed export makes necessary waits or runs while the result lives. Any thread.
  [[nodiscard]] std::shared_ptr<void> queued();
  /// The families of a component that has not been evaluated again yet, at zero.
  void prepare(const std::string& component);
  /// An evaluation because an export had changed.
  void evaluated(const std::string& component, clock_duration waited, clock_duration took);

 private:
  own_metrics& in_;
  std::shared_ptr<component_metrics> own_;
  gauge& evaluating_;
  gauge& queue_;
};

}  // namespace troupe::runtime
