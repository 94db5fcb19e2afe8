#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actors/runtime/health.hpp"
#include "actors/runtime/own_metrics.hpp"
#include "actors/runtime/supervision.hpp"

namespace troupe::runtime {

/// What the controller counts about itself and all components, under Alloy's names, and the ledger of every edge.
class controller_metrics {
 public:
  explicit controller_metrics(own_metrics& in);

  /// The gauge is 1 while the result lives.
  [[nodiscard]] std::shared_ptr<void> evaluating();
  /// The families of a component that has not been evaluated again yet, at zero.
  void prepare(const std::string& component);
  /// An evaluation because an export had changed.
  void evaluated(const std::string& component, clock_duration waited, clock_duration took);
  void collect(std::string_view name, metric_type type, std::string_view help, component_metrics::reader read);

 private:
  own_metrics& in_;
  std::shared_ptr<component_metrics> own_;
  gauge& evaluating_;
  std::vector<collection> collections_;
};

}  // namespace troupe::runtime
