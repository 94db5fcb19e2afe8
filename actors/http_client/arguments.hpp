#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/schema.hpp"
#include "protocol/http/options.hpp"

namespace troupe::http_client {

using config::secret_text;

struct basic_auth {
  std::string username;
  secret_text password;
  std::string password_file;
  friend bool operator==(const basic_auth&, const basic_auth&) = default;
};

struct authorization {
  std::string type = "Bearer";
  secret_text credentials;
  std::string credentials_file;
  friend bool operator==(const authorization&, const authorization&) = default;
};

struct tls_config {
  std::string ca_pem, ca_file;
  std::string cert_pem, cert_file;
  secret_text key_pem;
  std::string key_file;
  std::string server_name;
  bool insecure_skip_verify = false;
  std::string min_version;
  friend bool operator==(const tls_config&, const tls_config&) = default;
};

struct oauth2 {
  std::string client_id;
  secret_text client_secret;
  std::string client_secret_file;
  std::vector<std::string> scopes;
  std::string token_url;
  std::map<std::string, std::string> endpoint_params;
  std::string proxy_url, no_proxy;
  bool proxy_from_environment = false;
  std::map<std::string, std::vector<secret_text>> proxy_connect_header;
  tls_config tls;
  friend bool operator==(const oauth2&, const oauth2&) = default;
};

/// What every component says that is an HTTP client.
struct arguments {
  secret_text bearer_token;
  std::string bearer_token_file;
  std::optional<http_client::basic_auth> basic_auth;
  std::optional<http_client::authorization> authorization;
  std::optional<http_client::oauth2> oauth2;
  tls_config tls;
  std::string proxy_url, no_proxy;
  bool proxy_from_environment = false;
  std::map<std::string, std::vector<secret_text>> proxy_connect_header, http_headers;
  bool follow_redirects = true;
  bool enable_http2 = true;
  friend bool operator==(const arguments&, const arguments&) = default;
};

/// To be included into a component's schema; `http2`: what enable_http2 is where nobody writes it.
[[nodiscard]] config::body_of<arguments> schema();

[[nodiscard]] http::client_options to_options(const arguments& from);

}  // namespace troupe::http_client
