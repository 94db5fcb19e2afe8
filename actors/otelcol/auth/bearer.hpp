#pragma once

#include <string>
#include <vector>

#include "actors/otelcol/auth/component.hpp"
#include "actors/otelcol/exporter/arguments.hpp"

namespace troupe::otelcol {

namespace auth {

/// otelcol.auth.bearer, as it is written.
struct bearer_arguments {
  config::secret_text token;
  std::string scheme = "Bearer", header = "Authorization";
  exporting::debug_metrics debug;
  friend bool operator==(const bearer_arguments&, const bearer_arguments&) = default;

  [[nodiscard]] static std::vector<std::string> files() { return {}; }
  [[nodiscard]] static result<void> resolve() { return {}; }
  void prepare(http::client_options&) const {}
  void prepare(request_headers& headers) const;
};
[[nodiscard]] const config::component_schema& bearer_schema();

}  // namespace auth

using auth_bearer = auth::component<auth::bearer_arguments>;

}  // namespace troupe::otelcol
