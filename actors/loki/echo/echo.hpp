#pragma once

#include <memory>

#include "actors/runtime/registry.hpp"

namespace troupe::loki {

namespace echoing {

struct arguments {
  friend bool operator==(const arguments&, const arguments&) = default;
};
[[nodiscard]] const config::component_schema& schema();

}  // namespace echoing

/// loki.echo: tells each entry as an event, so that it stands in the collector's own log. Of own telemetry nothing is
/// told: where the collector's own log is echoed, it would go round for ever.
class echo final : public runtime::component {
 public:
  using arguments_type = echoing::arguments;
  echo(runtime::component_context& context, std::shared_ptr<const echoing::arguments>) : context_(context) {}
  [[nodiscard]] static config::value exports(const runtime::component_place& place, const echoing::arguments&);

  result<void> update(const runtime::arguments_ref&) override { return {}; }
  void consume(const telemetry::batch_ref& batch, runtime::receipt of) override;

 private:
  runtime::component_context& context_;
};

}  // namespace troupe::loki
