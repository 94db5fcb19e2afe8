#pragma once

#include <memory>
#include <string>

#include "actors/runtime/component.hpp"
#include "actors/runtime/own_metrics.hpp"
#include "actors/runtime/registry.hpp"
#include "config/schema.hpp"

namespace troupe::prometheus {

namespace exporting_self {

struct arguments {
  friend bool operator==(const arguments&, const arguments&) = default;
};
[[nodiscard]] const config::component_schema& schema();

}  // namespace exporting_self

/// prometheus.exporter.self: the collector's own metrics as a target.
class exporter_self final : public runtime::component {
 public:
  using arguments_type = exporting_self::arguments;
  exporter_self(runtime::component_context& context, std::shared_ptr<const arguments_type>);

  [[nodiscard]] static config::value exports(const runtime::component_place& place, const arguments_type&);

  result<void> update(const runtime::arguments_ref&) override { return {}; }
  bool serve(const std::string& path, const http::server_request& request,
             const std::shared_ptr<http::responder>& answer) override;

 private:
  runtime::own_metrics& all_;
  runtime::counter& requests_;
  runtime::gauge& in_flight_;
};

}  // namespace troupe::prometheus
