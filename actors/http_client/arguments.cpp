#include "actors/http_client/arguments.hpp"

#include "config/blame.hpp"
#include "protocol/http/url.hpp"

namespace troupe::http_client {

namespace {

config::body_of<basic_auth> basic_auth_schema() {
  config::body_of<basic_auth> s;
  s.attribute("username", &basic_auth::username, "User name.")
      .attribute("password", &basic_auth::password, "Password.")
      .attribute("password_file", &basic_auth::password_file,
                 "File that holds the password; read again when it changes.")
      .check([](const basic_auth& a) -> config::complaints {
        if (a.password.text.empty() || a.password_file.empty()) return {};
        return {{"password_file", "at most one of basic_auth password & password_file must be configured"}};
      });
  return s;
}

config::body_of<authorization> authorization_schema() {
  config::body_of<authorization> s;
  s.attribute("type", &authorization::type, "First word of the header.")
      .attribute("credentials", &authorization::credentials, "What follows it.")
      .attribute("credentials_file", &authorization::credentials_file,
                 "File that holds the credentials; read again when it changes.")
      .check([](const authorization& a) -> config::complaints {
        config::complaints all;
        if (!a.credentials.text.empty() && !a.credentials_file.empty()) {
          all.push_back(
              {"credentials_file", "at most one of authorization credentials & credentials_file must be configured"});
        }
        if (a.type == "Basic" || a.type == "basic") {
          all.push_back({"type", "authorization type cannot be set to \"basic\", use \"basic_auth\" instead"});
        }
        return all;
      });
  return s;
}

config::body_of<tls_config> tls_schema() {
  config::body_of<tls_config> s;
  s.attribute("ca_pem", &tls_config::ca_pem, "Certificates to verify the server with; none: the system's.")
      .attribute("ca_file", &tls_config::ca_file, "File that holds them.")
      .attribute("cert_pem", &tls_config::cert_pem, "Own certificate.")
      .attribute("cert_file", &tls_config::cert_file, "File that holds it.")
      .attribute("key_pem", &tls_config::key_pem, "Own private key.")
      .attribute("key_file", &tls_config::key_file, "File that holds it.")
      .attribute("server_name", &tls_config::server_name, "Name that the server's certificate must have.")
      .attribute("insecure_skip_verify", &tls_config::insecure_skip_verify, "Whether to accept any certificate.")
      .choice("min_version", &tls_config::min_version, {"", "TLS10", "TLS11", "TLS12", "TLS13"},
              "Lowest version of TLS.")
      .check([](const tls_config& a) {
        config::complaints all;
        if (!a.ca_pem.empty() && !a.ca_file.empty())
          all.push_back({"ca_file", "at most one of ca_pem and ca_file must be configured"});
        if (!a.cert_pem.empty() && !a.cert_file.empty()) {
          all.push_back({"cert_file", "at most one of cert_pem and cert_file must be configured"});
        }
        if (!a.key_pem.text.empty() && !a.key_file.empty()) {
          all.push_back({"key_file", "at most one of key_pem and key_file must be configured"});
        }
        const bool cert = !a.cert_pem.empty() || !a.cert_file.empty();
        const bool key = !a.key_pem.text.empty() || !a.key_file.empty();
        if (cert && !key)
          all.push_back(
              {"", "exactly one of key_pem or key_file must be configured when a client certificate is configured"});
        if (key && !cert)
          all.push_back(
              {"", "exactly one of cert_pem or cert_file must be configured when a client key is configured"});
        return all;
      });
  return s;
}

/// How a proxy is named, the same for requests and for tokens.
template <class T>
void declare_proxy(config::body_of<T>& s) {
  s.attribute("proxy_url", &T::proxy_url, "Proxy to send requests through.")
      .attribute("no_proxy", &T::no_proxy,
                 "Hosts, domains and networks that are reached without it, separated by commas.")
      .attribute("proxy_from_environment", &T::proxy_from_environment, "Whether the environment names the proxy.")
      .attribute("proxy_connect_header", &T::proxy_connect_header, "Headers for the proxy.");
}

template <class T>
config::complaints check_proxy(const T& a) {
  config::complaints all;
  if (!a.no_proxy.empty() && a.proxy_url.empty())
    all.push_back({"no_proxy", "if no_proxy is configured, proxy_url must also be configured"});
  if (a.proxy_from_environment && !a.proxy_url.empty()) {
    all.push_back(
        {"proxy_from_environment", "if proxy_from_environment is configured, proxy_url must not be configured"});
  }
  if (a.proxy_from_environment && !a.no_proxy.empty()) {
    all.push_back(
        {"proxy_from_environment", "if proxy_from_environment is configured, no_proxy must not be configured"});
  }
  if (!a.proxy_connect_header.empty() && a.proxy_url.empty() && !a.proxy_from_environment) {
    all.push_back(
        {"proxy_connect_header",
         "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured"});
  }
  return all;
}

config::complaints check_oauth2(const oauth2& a) {
  auto all = check_proxy(a);
  const bool secret = !a.client_secret.text.empty(), file = !a.client_secret_file.empty();
  if (a.client_id.empty()) all.push_back({"client_id", "oauth2 client_id must be configured"});
  if (secret && file) {
    all.push_back({"client_secret_file", "at most one of oauth2 client_secret, client_secret_file must be configured"});
  }
  if (!secret && !file) all.push_back({"", "either oauth2 client_secret or client_secret_file must be configured"});
  if (a.token_url.empty()) {
    all.push_back({"token_url", "oauth2 token_url must be configured"});
  } else if (const auto parsed = http::parse_url(a.token_url); !parsed) {
    all.push_back({"token_url", "oauth2 token_url: " + parsed.error().message});
  }
  return all;
}

config::body_of<oauth2> oauth2_schema() {
  config::body_of<oauth2> s;
  s.attribute("client_id", &oauth2::client_id, "Who asks for a token.")
      .attribute("client_secret", &oauth2::client_secret, "What proves it.")
      .attribute("client_secret_file", &oauth2::client_secret_file,
                 "File that holds the secret; read again for each token.")
      .attribute("scopes", &oauth2::scopes, "What the token is to be good for.")
      .attribute("token_url", &oauth2::token_url, "Where the token is asked for.")
      .attribute("endpoint_params", &oauth2::endpoint_params, "Further parameters of the request for a token.")
      .block("tls_config", &oauth2::tls, tls_schema(), "How TLS is spoken with the server of tokens.")
      .check(check_oauth2);
  declare_proxy(s);
  return s;
}

config::complaints check(const arguments& a) {
  const int ways = (a.basic_auth ? 1 : 0) + (a.authorization ? 1 : 0) + (a.oauth2 ? 1 : 0) +
                   (a.bearer_token.text.empty() ? 0 : 1) + (a.bearer_token_file.empty() ? 0 : 1);
  auto all = check_proxy(a);
  if (ways > 1)
    all.insert(
        all.begin(),
        {"", "at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured"});
  if (!all.empty()) return all;
  // Headers first: what is asked of them depends on nothing else.
  static constexpr config::suspect<arguments> suspects[] = {
      {"http_headers", [](arguments& b) { b.http_headers.clear(); }},
      {"proxy_connect_header", [](arguments& b) { b.proxy_connect_header.clear(); }},
      {"proxy_url", [](arguments& b) { b.proxy_url.clear(); }},
      {"bearer_token", [](arguments& b) { b.bearer_token.text.clear(); }},
      {"authorization", [](arguments& b) { b.authorization.reset(); }},
      {"oauth2", [](arguments& b) { b.oauth2.reset(); }},
      {"tls_config", [](arguments& b) { b.tls = {}; }},
  };
  return config::blame<arguments>(a, suspects, [](const arguments& of) {
    const auto ok = http::validate(to_options(of));
    return ok ? "" : ok.error().message;
  });
}

std::multimap<std::string, std::string> flat(const std::map<std::string, std::vector<secret_text>>& headers) {
  std::multimap<std::string, std::string> made;
  for (const auto& [name, values] : headers) {
    for (const auto& value : values)
      made.emplace(name, value.text);
  }
  return made;
}

http::tls_options tls_options(const tls_config& from) {
  http::tls_options made;
  made.ca_file = from.ca_file, made.ca_pem = from.ca_pem;
  made.cert_file = from.cert_file, made.cert_pem = from.cert_pem;
  made.key_file = from.key_file, made.key_pem = from.key_pem.text;
  made.server_name = from.server_name;
  made.min_version = from.min_version;
  made.insecure_skip_verify = from.insecure_skip_verify;
  return made;
}

http::oauth2 oauth2_options(const oauth2& from) {
  http::oauth2 made;
  made.client_id = from.client_id;
  made.client_secret = from.client_secret.text, made.client_secret_file = from.client_secret_file;
  made.token_url = from.token_url;
  made.scopes = from.scopes;
  made.endpoint_params.insert(from.endpoint_params.begin(), from.endpoint_params.end());
  made.tls = tls_options(from.tls);
  made.proxy_url = from.proxy_url, made.no_proxy = from.no_proxy;
  made.proxy_from_environment = from.proxy_from_environment;
  made.proxy_connect_header = flat(from.proxy_connect_header);
  return made;
}

}  // namespace

config::body_of<arguments> schema() {
  config::body_of<arguments> s;
  s.attribute("bearer_token", &arguments::bearer_token, "Token to authenticate with.")
      .attribute("bearer_token_file", &arguments::bearer_token_file, "File that holds it; read again when it changes.");
  declare_proxy(s);
  s.attribute("http_headers", &arguments::http_headers, "Headers to send with every request.")
      .attribute("follow_redirects", &arguments::follow_redirects, "Whether redirects are followed.")
      .attribute("enable_http2", &arguments::enable_http2, "Whether HTTP/2 is spoken where the server offers it.")
      .block("basic_auth", &arguments::basic_auth, basic_auth_schema(), "User name and password to authenticate with.")
      .block("authorization", &arguments::authorization, authorization_schema(),
             "Authorization header to authenticate with.")
      .block("oauth2", &arguments::oauth2, oauth2_schema(), "OAuth 2.0 (client credentials) to authenticate with.")
      .block("tls_config", &arguments::tls, tls_schema(), "How TLS is spoken.")
      .check(check);
  return s;
}

http::client_options to_options(const arguments& from) {
  http::client_options made;
  if (from.basic_auth)
    made.basic = {from.basic_auth->username, from.basic_auth->password.text, from.basic_auth->password_file};
  if (from.authorization) {
    made.authorize = {from.authorization->type, from.authorization->credentials.text,
                      from.authorization->credentials_file};
  }
  if (!from.bearer_token.text.empty() || !from.bearer_token_file.empty()) {
    made.authorize = {"Bearer", from.bearer_token.text, from.bearer_token_file};
  }
  if (from.oauth2) made.oauth2 = oauth2_options(*from.oauth2);
  made.tls = tls_options(from.tls);
  made.proxy_url = from.proxy_url, made.no_proxy = from.no_proxy;
  made.proxy_from_environment = from.proxy_from_environment;
  made.proxy_connect_header = flat(from.proxy_connect_header);
  made.http_headers = flat(from.http_headers);
  made.follow_redirects = from.follow_redirects;
  made.enable_http2 = from.enable_http2;
  return made;
}

}  // namespace troupe::http_client
