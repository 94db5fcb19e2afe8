#pragma once

#include <map>
#include <string>
#include <vector>

#include "actors/otelcol/auth/component.hpp"
#include "actors/otelcol/exporter/arguments.hpp"

namespace troupe::otelcol {

namespace auth {

/// otelcol.auth.oauth2, as it is written.
struct oauth2_arguments {
  std::string client_id, client_id_file;
  config::secret_text client_secret;
  std::string client_secret_file;
  std::string token_url;
  std::vector<std::string> scopes;
  std::map<std::string, std::vector<std::string>> endpoint_params;
  exporting::nanoseconds timeout{}, expiry_buffer = std::chrono::minutes(5);
  exporting::tls tls;
  exporting::debug_metrics debug;

  // Declared, refused unless they are as they are here: they are for the grant of RFC 7523.
  std::string grant_type = "client_credentials";
  std::string audience, iss, signature_algorithm;
  std::map<std::string, config::value> claims;
  config::secret_text client_certificate_key;
  std::string client_certificate_key_file, client_certificate_key_id;
  friend bool operator==(const oauth2_arguments&, const oauth2_arguments&) = default;

  [[nodiscard]] std::vector<std::string> files() const;  ///< the secret's is read for each token
  [[nodiscard]] result<void> resolve();
  void prepare(http::client_options& options) const;
  void prepare(request_headers& headers) const;
};
[[nodiscard]] const config::component_schema& oauth2_schema();

}  // namespace auth

using auth_oauth2 = auth::component<auth::oauth2_arguments>;

}  // namespace troupe::otelcol
