#include "actors/http_client/arguments.hpp"

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

config::complaints check(const arguments& a) {
  const int ways = (a.basic_auth ? 1 : 0) + (a.authorization ? 1 : 0) + (a.bearer_token.text.empty() ? 0 : 1) +
                   (a.bearer_token_file.empty() ? 0 : 1);
  config::complaints all;
  if (ways > 1)
    all.push_back(
        {"", "at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured"});
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
  if (all.empty()) {
    if (const auto ok = http::validate(to_options(a)); !ok) all.push_back({"", ok.error().message});
  }
  return all;
}

std::multimap<std::string, std::string> flat(const std::map<std::string, std::vector<secret_text>>& headers) {
  std::multimap<std::string, std::string> made;
  for (const auto& [name, values] : headers) {
    for (const auto& value : values)
      made.emplace(name, value.text);
  }
  return made;
}

}  // namespace

config::body_of<arguments> schema() {
  config::body_of<arguments> s;
  s.attribute("bearer_token", &arguments::bearer_token, "Token to authenticate with.")
      .attribute("bearer_token_file", &arguments::bearer_token_file, "File that holds it; read again when it changes.")
      .attribute("proxy_url", &arguments::proxy_url, "Proxy to send requests through.")
      .attribute("no_proxy", &arguments::no_proxy,
                 "Hosts, domains and networks that are reached without it, separated by commas.")
      .attribute("proxy_from_environment", &arguments::proxy_from_environment,
                 "Whether the environment names the proxy.")
      .attribute("proxy_connect_header", &arguments::proxy_connect_header, "Headers for the proxy.")
      .attribute("http_headers", &arguments::http_headers, "Headers to send with every request.")
      .attribute("follow_redirects", &arguments::follow_redirects, "Whether redirects are followed.")
      .attribute("enable_http2", &arguments::enable_http2, "Whether HTTP/2 is spoken where the server offers it.")
      .block("basic_auth", &arguments::basic_auth, basic_auth_schema(), "User name and password to authenticate with.")
      .block("authorization", &arguments::authorization, authorization_schema(),
             "Authorization header to authenticate with.")
      .not_yet_block("oauth2", "OAuth 2.0 to authenticate with.")
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
  const auto& tls = from.tls;
  made.tls.ca_file = tls.ca_file, made.tls.ca_pem = tls.ca_pem;
  made.tls.cert_file = tls.cert_file, made.tls.cert_pem = tls.cert_pem;
  made.tls.key_file = tls.key_file, made.tls.key_pem = tls.key_pem.text;
  made.tls.server_name = tls.server_name;
  made.tls.min_version = tls.min_version;
  made.tls.insecure_skip_verify = tls.insecure_skip_verify;
  made.proxy_url = from.proxy_url, made.no_proxy = from.no_proxy;
  made.proxy_from_environment = from.proxy_from_environment;
  made.proxy_connect_header = flat(from.proxy_connect_header);
  made.http_headers = flat(from.http_headers);
  made.follow_redirects = from.follow_redirects;
  made.enable_http2 = from.enable_http2;
  return made;
}

}  // namespace troupe::http_client
