#pragma once

#include <memory>
#include <string>

#include "actors/http_client/own_session.hpp"
#include "actors/runtime/registry.hpp"
#include "actors/tracing/arguments.hpp"
#include "actors/tracing/own_traces.hpp"

namespace troupe::tracing {

/// The block `tracing` where it is written: brings spans to the receivers in write_to and asks a remote sampler. Which
/// traces are sampled otherwise is set by its definition, whether it is there or not.
class tracing final : public runtime::component {
 public:
  using arguments_type = arguments;
  tracing(runtime::component_context& context, std::shared_ptr<const arguments> arguments,
          std::shared_ptr<own_traces> traces);
  ~tracing() override;

  void start() override;
  result<void> update(const runtime::arguments_ref& arguments) override;
  void finish() override { drain(); }

 private:
  [[nodiscard]] result<void> apply(std::shared_ptr<const arguments> arguments);
  void drain();
  void ask();
  void answered(const http::response& answer);

  runtime::component_context& context_;
  std::shared_ptr<own_traces> traces_;
  std::shared_ptr<const arguments> arguments_;
  runtime::outlet<telemetry::otlp_batch> out_;
  http_client::own_session session_;
  std::string trouble_;  // with the remote sampler
  runtime::timer drain_timer_, ask_timer_;
  runtime::time_point drained_at_{};
};

/// The traces outlive the definition.
[[nodiscard]] runtime::component_definition definition(std::shared_ptr<own_traces> traces);

}  // namespace troupe::tracing
