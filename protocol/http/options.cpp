#include "protocol/http/options.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>

#include "protocol/http/oauth2.hpp"
#include "protocol/http/tls_choice.hpp"
#include "protocol/http/url.hpp"

namespace troupe::http {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// Set by the client itself, or by the protocol spoken through it: prometheus/common, ReservedHeaders.
constexpr std::array reserved_headers = {
    "authorization",
    "host",
    "content-encoding",
    "content-length",
    "content-type",
    "user-agent",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "www-authenticate",
    "accept-encoding",
    "x-prometheus-remote-write-version",
    "x-prometheus-remote-read-version",
    "x-prometheus-scrape-timeout-seconds",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256",
};

result<void> validate_versions(const tls_options& tls) {
  for (const auto* v : {&tls.min_version, &tls.max_version}) {
    if (!v->empty() && *v != "TLS10" && *v != "TLS11" && *v != "TLS12" && *v != "TLS13")
      return failure("unknown TLS version \"" + *v + "\": use TLS10, TLS11, TLS12 or TLS13");
  }
  // The names stand in the order of the versions.
  const std::string least = tls.min_version.empty() ? "TLS12" : tls.min_version;
  if (!tls.max_version.empty() && tls.max_version < least)
    return failure("max_version " + tls.max_version + " is below min_version " + least +
                   (tls.min_version.empty() ? ", which is the default" : ""));
  return {};
}

result<void> validate_tls(const tls_options& tls) {
  const auto both = [](const std::string& file, const std::string& pem) { return !file.empty() && !pem.empty(); };
  if (both(tls.ca_file, tls.ca_pem)) return failure("at most one of ca_pem and ca_file must be configured");
  if (both(tls.cert_file, tls.cert_pem)) return failure("at most one of cert_pem and cert_file must be configured");
  if (both(tls.key_file, tls.key_pem)) return failure("at most one of key_pem and key_file must be configured");
  const bool has_cert = !(tls.cert_file.empty() && tls.cert_pem.empty());
  const bool has_key = !(tls.key_file.empty() && tls.key_pem.empty());
  if (has_cert && !has_key)
    return failure("exactly one of key_pem or key_file must be configured when a client certificate is configured");
  if (has_key && !has_cert)
    return failure("exactly one of cert_pem or cert_file must be configured when a client key is configured");
  if (auto ok = validate_versions(tls); !ok) return ok;
  if (const auto offer = offer_of(tls); !offer) return tl::unexpected(offer.error());
  return {};
}

result<void> validate_proxy(const client_options& options) {
  if (options.proxy_from_environment && !options.proxy_url.empty())
    return failure("if proxy_from_environment is configured, proxy_url must not be configured");
  if (options.proxy_from_environment && !options.no_proxy.empty())
    return failure("if proxy_from_environment is configured, no_proxy must not be configured");
  if (options.proxy_url.empty() && !options.no_proxy.empty())
    return failure("if no_proxy is configured, proxy_url must also be configured");
  if (!options.proxy_connect_header.empty() && options.proxy_url.empty() && !options.proxy_from_environment)
    return failure(
        "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured");
  if (options.proxy_url.empty()) return {};
  const auto scheme = lower(options.proxy_url.substr(0, options.proxy_url.find("://")));
  if (scheme == "socks5" || scheme == "socks5h") return {};
  if (const auto parsed = parse_url(options.proxy_url); !parsed) return failure("proxy_url: " + parsed.error().message);
  return {};
}

result<void> validate_oauth2(const client_options& options) {
  const auto& how = *options.oauth2;
  if (how.client_id.empty()) return failure("oauth2 client_id must be configured");
  if (how.client_secret.empty() && how.client_secret_file.empty())
    return failure("either oauth2 client_secret or client_secret_file must be configured");
  if (!how.client_secret.empty() && !how.client_secret_file.empty())
    return failure("at most one of oauth2 client_secret, client_secret_file must be configured");
  if (how.token_url.empty()) return failure("oauth2 token_url must be configured");
  if (const auto parsed = parse_url(how.token_url); !parsed)
    return failure("oauth2 token_url: " + parsed.error().message);
  if (!how.scopes.empty() && how.endpoint_params.count("scope") > 0)
    return failure("oauth2 endpoint_params must not hold \"scope\" when scopes is configured");
  if (auto ok = validate(token_server_options(options)); !ok) return failure("oauth2 " + ok.error().message);
  return {};
}

result<void> validate_authentication(const client_options& options) {
  if ((options.basic ? 1 : 0) + (options.authorize ? 1 : 0) + (options.oauth2 ? 1 : 0) > 1)
    return failure(
        "at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured");
  if (options.basic && !options.basic->password.empty() && !options.basic->password_file.empty())
    return failure("at most one of basic_auth password & password_file must be configured");
  if (options.oauth2) return validate_oauth2(options);
  if (!options.authorize) return {};
  const auto& how = *options.authorize;
  if (!how.credentials.empty() && !how.credentials_file.empty())
    return failure("at most one of authorization credentials & credentials_file must be configured");
  if (lower(how.type) == "basic")
    return failure("authorization type cannot be set to \"basic\", use \"basic_auth\" instead");
  if (!valid_header("Authorization", how.type + " " + how.credentials))
    return failure("the authorization's type and credentials must not contain control characters");
  return {};
}

}  // namespace

bool valid_header(std::string_view name, std::string_view value) {
  const auto token = [](unsigned char c) {
    return c > ' ' && c < 0x7f && std::strchr("()<>@,;:\\\"/[]?={}", c) == nullptr;
  };
  const auto text = [](unsigned char c) { return c == '\t' || (c >= ' ' && c != 0x7f); };
  return !name.empty() && std::all_of(name.begin(), name.end(), token) && std::all_of(value.begin(), value.end(), text);
}

result<void> validate(const client_options& options) {
  if (auto ok = validate_authentication(options); !ok) return ok;
  if (auto ok = validate_tls(options.tls); !ok) return ok;
  if (auto ok = validate_proxy(options); !ok) return ok;
  for (const auto& [name, value] : options.http_headers) {
    const auto* reserved = std::find(reserved_headers.begin(), reserved_headers.end(), lower(name));
    if (reserved != reserved_headers.end()) return failure("setting header \"" + name + "\" is not allowed");
    if (!valid_header(name, value))
      return failure("header \"" + name +
                     "\" is malformed: a name is letters, digits and dashes, a value has no control characters");
  }
  for (const auto& [name, value] : options.proxy_connect_header) {
    if (!valid_header(name, value))
      return failure("proxy_connect_header \"" + name +
                     "\" is malformed: a name is letters, digits and dashes, a value has no control characters");
  }
  if (!valid_header("User-Agent", options.user_agent))
    return failure("the user agent must not contain control characters");
  return {};
}

}  // namespace troupe::http
