#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/telemetry/result.hpp"

namespace troupe::http {

/// How a client proves who it is and whom it trusts. Of each pair `_file`/`_pem` at most one may be set; no CA at all
/// means the system's. Files are read again when they change; connections made before keep what they were made with.
struct tls_options {
  std::string ca_file{}, ca_pem{};
  std::string cert_file{}, cert_pem{};
  std::string key_file{}, key_pem{};
  std::string server_name{};                 ///< replaces the URL's host in SNI and in the certificate check
  std::string min_version{};                 ///< TLS10, TLS11, TLS12, TLS13; empty: TLS12
  std::string max_version{};                 ///< likewise; empty: the newest
  std::vector<std::string> cipher_suites{};  ///< of TLS 1.2 and before, by their IANA names; empty: OpenSSL's choice
  std::vector<std::string> curve_preferences{};  ///< X25519, P256, P384, P521; empty: OpenSSL's choice
  bool system_roots_too = false;                 ///< beside the CA that is given
  bool insecure_skip_verify = false;
};

struct basic_auth {
  std::string username{};
  std::string password{}, password_file{};  ///< at most one
};

/// `Authorization: TYPE CREDENTIALS`; the configuration's bearer_token forms are this with the type "Bearer".
struct authorization {
  std::string type = "Bearer";
  std::string credentials{}, credentials_file{};  ///< at most one
};

/// OAuth 2.0, the grant client_credentials (RFC 6749, 4.4): the requests carry a token that is asked for when the first
/// of them needs it, and again before it expires. Redirects of its server are not followed: the request for a token may
/// hold the secret in its body.
struct oauth2 {
  std::string client_id{};
  std::string client_secret{}, client_secret_file{};  ///< at most one; the file is read again for each token
  std::string token_url{};
  std::vector<std::string> scopes{};
  std::multimap<std::string, std::string> endpoint_params{};  ///< further parameters of the request for a token
  std::chrono::seconds expiry_buffer{10};                     ///< so long before its end a token is not used any more
  std::chrono::milliseconds timeout{10'000};                  ///< of the request for a token
  // How the token's server is reached; the other requests' options say nothing of it.
  tls_options tls{};
  std::string proxy_url{}, no_proxy{};
  bool proxy_from_environment = false;
  std::multimap<std::string, std::string> proxy_connect_header{};
};

/// Probes (TCP's own) that tell whether the other end of a silent connection is still there.
struct keep_alive {
  std::chrono::seconds after{};   ///< so long after the last byte
  std::chrono::seconds within{};  ///< without an answer within this time the connection is closed
  friend bool operator==(const keep_alive&, const keep_alive&) = default;
};

/// What the configuration's HTTP client block decodes to: one per component or endpoint.
struct client_options {
  std::optional<basic_auth> basic{};  ///< at most one of the first three
  std::optional<authorization> authorize{};
  std::optional<http::oauth2> oauth2{};
  tls_options tls{};
  std::string proxy_url{};  ///< http, https, socks5 or socks5h; may carry user and password
  std::string no_proxy{};   ///< comma-separated hosts, domains and CIDR ranges
  bool proxy_from_environment = false;
  std::multimap<std::string, std::string> proxy_connect_header{};
  std::multimap<std::string, std::string> http_headers{};  ///< sent with every request
  bool follow_redirects = true;  ///< at most 10 hops; never passes credentials to another host
  bool enable_http2 = true;      ///< negotiated over TLS only
  bool assume_http2 = false;     ///< spoken without TLS, too: the server is known to (gRPC)
  std::optional<http::keep_alive> keep_alive{};
  std::string user_agent{};
};

/// What the types can't say: exclusive options, reserved or malformed headers, malformed versions. Opens no files.
[[nodiscard]] result<void> validate(const client_options& options);

/// A header name that is a token, a value without control characters: neither can smuggle a second header.
[[nodiscard]] bool valid_header(std::string_view name, std::string_view value);

}  // namespace troupe::http
