#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/otelcol/auth/component.hpp"
#include "actors/otelcol/exporter/arguments.hpp"

namespace troupe::otelcol {

namespace auth {

struct basic_credentials {
  std::string username;
  config::secret_text password;
  std::string username_file, password_file;
  friend bool operator==(const basic_credentials&, const basic_credentials&) = default;
};

/// otelcol.auth.basic, as it is written.
struct basic_arguments {
  std::string username;
  config::secret_text password;
  std::optional<basic_credentials> client_auth;
  exporting::debug_metrics debug;
  friend bool operator==(const basic_arguments&, const basic_arguments&) = default;

  [[nodiscard]] std::vector<std::string> files() const;  ///< the password's is read for each request
  [[nodiscard]] result<void> resolve();
  void prepare(http::client_options& options) const;
  void prepare(request_headers& headers) const;
};
[[nodiscard]] const config::component_schema& basic_schema();

}  // namespace auth

using auth_basic = auth::component<auth::basic_arguments>;

}  // namespace troupe::otelcol
