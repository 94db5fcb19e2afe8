#pragma once

#include <functional>
#include <vector>

#include "actors/runtime/component_view.hpp"
#include "actors/runtime/own_metrics.hpp"

namespace troupe::runtime {

/// What is counted of all components that run: their health, restarts and cost, and the ledger of every edge. Read when
/// somebody asks for the metrics, in that thread.
class running_metrics {
 public:
  running_metrics(own_metrics& in, std::function<component_views()> views);

 private:
  struct edge {
    std::string from, to;
    ledger counts;
  };
  using edge_list = std::vector<edge>;
  void collect_components();
  void collect_edges();
  void collect(std::string_view name, metric_type type, std::string_view help, component_metrics::reader read);
  /// One series for each component, by its id.
  void collect_each(std::string_view name, std::string_view help,
                    std::function<double(const component_status::view&)> pick);
  [[nodiscard]] const edge_list& edges_of_page() const;

  std::shared_ptr<component_metrics> own_;
  std::function<component_views()> views_;
  std::vector<collection> collections_;
};

}  // namespace troupe::runtime
