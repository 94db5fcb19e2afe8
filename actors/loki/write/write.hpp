#pragma once

#include <memory>

#include "actors/loki/write/arguments.hpp"
#include "actors/loki/write/push_metrics.hpp"
#include "actors/runtime/registry.hpp"
#include "actors/writer/journaled_writer.hpp"

namespace troupe::loki {

/// loki.write: a journaled writer of log entries.
class write final : public writer::journaled_writer {
 public:
  using arguments_type = writing::arguments;
  write(runtime::component_context& context, std::shared_ptr<const writing::arguments> arguments);
  [[nodiscard]] static config::value exports(const runtime::component_place& place, const writing::arguments&);

  [[nodiscard]] static result<void> check(runtime::services& shared, const writing::arguments& arguments);
  result<void> update(const runtime::arguments_ref& arguments) override;

 private:
  [[nodiscard]] writer::writer_plan plan(const writing::arguments& arguments);

  push_metrics_pool metrics_;
};

}  // namespace troupe::loki
