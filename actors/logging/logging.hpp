#pragma once

#include <memory>

#include "actors/logging/arguments.hpp"
#include "actors/logging/own_log.hpp"
#include "actors/runtime/registry.hpp"

namespace troupe::logging {

/// The block `logging` where it is written: brings what the own log keeps to the receivers in write_to. Level and
/// format are set by its definition, whether it is there or not.
class logging final : public runtime::component {
 public:
  using arguments_type = arguments;
  logging(runtime::component_context& context, const std::shared_ptr<const arguments>& arguments,
          std::shared_ptr<own_log> log);
  ~logging() override;

  void start() override;
  result<void> update(const runtime::arguments_ref& arguments) override;
  void finish() override { drain(); }

 private:
  void drain();

  runtime::component_context& context_;
  std::shared_ptr<own_log> log_;
  runtime::outlet<telemetry::logs_batch> out_;
};

/// `bus`: where the log subscribes once the first configuration has been decided on; it outlives the definition.
[[nodiscard]] runtime::component_definition definition(std::shared_ptr<own_log> log, runtime::event_bus& bus);

}  // namespace troupe::logging
