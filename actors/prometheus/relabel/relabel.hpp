#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "actors/prometheus/fan_out.hpp"
#include "actors/prometheus/relabel/rule.hpp"
#include "actors/runtime/component.hpp"
#include "actors/runtime/own_metrics.hpp"
#include "actors/runtime/receiver_field.hpp"
#include "actors/runtime/registry.hpp"
#include "protocol/relabel/block_map.hpp"

namespace troupe::prometheus {

namespace relabelling {

struct arguments {
  std::vector<runtime::metrics_receiver> forward_to;
  std::vector<rule> rules;
  std::int64_t max_cache_size = 100'000;
  std::chrono::nanoseconds cache_ttl{};
  friend bool operator==(const arguments&, const arguments&) = default;
};
[[nodiscard]] const config::component_schema& schema();

}  // namespace relabelling

/// prometheus.relabel: rewrites, keeps or drops series. Each block is mapped once; then only columns move.
class relabel final : public runtime::component {
 public:
  using arguments_type = relabelling::arguments;
  relabel(runtime::component_context& context, std::shared_ptr<const relabelling::arguments> arguments);
  [[nodiscard]] static config::value exports(const runtime::component_place& place,
                                             const relabelling::arguments& arguments);

  result<void> update(const runtime::arguments_ref& arguments) override;
  void consume(const telemetry::batch_ref& batch, runtime::receipt of) override;

 private:
  void apply(const relabelling::arguments& arguments);
  [[nodiscard]] troupe::relabel::mapped_ref map(const telemetry::block_ref& block);

  runtime::component_context& context_;
  fan_out out_;
  troupe::relabel::block_map blocks_{troupe::relabel::rules()};
  runtime::counter& processed_;
  runtime::counter& written_;
  runtime::counter& hits_;
  runtime::counter& misses_;
  runtime::counter& deletes_;
  runtime::counter& nameless_;
  runtime::gauge& cached_;
};

}  // namespace troupe::prometheus
