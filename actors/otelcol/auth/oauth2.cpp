#include "actors/otelcol/auth/oauth2.hpp"

#include "protocol/http/tls_material.hpp"
#include "protocol/http/url.hpp"

namespace troupe::otelcol::auth {

namespace {

config::complaints check(const oauth2_arguments& a) {
  config::complaints all;
  if (a.client_id.empty() && a.client_id_file.empty())
    all.push_back({"", "no ClientID provided in the OAuth2 exporter configuration"});
  if (a.client_secret.text.empty() && a.client_secret_file.empty())
    all.push_back({"", "no ClientSecret provided in OAuth Client Credentials configuration"});
  if (const auto url = http::parse_url(a.token_url); !url) all.push_back({"token_url", url.error().message});
  if (a.timeout.count() < 0) all.push_back({"timeout", "timeout must not be negative"});
  if (a.expiry_buffer.count() < 0) all.push_back({"expiry_buffer", "expiry_buffer must not be negative"});
  if (!all.empty() || !a.client_id_file.empty()) return all;
  http::client_options options;
  a.prepare(options);
  if (const auto ok = http::validate(options); !ok) all.push_back({"", ok.error().message});
  return all;
}

void add_jwt(config::described<oauth2_arguments>& s) {
  s.not_yet("grant_type", &oauth2_arguments::grant_type, "")
      .not_yet("audience", &oauth2_arguments::audience, "")
      .not_yet("iss", &oauth2_arguments::iss, "")
      .not_yet("signature_algorithm", &oauth2_arguments::signature_algorithm, "")
      .not_yet("claims", &oauth2_arguments::claims, "")
      .not_yet("client_certificate_key", &oauth2_arguments::client_certificate_key, "")
      .not_yet("client_certificate_key_file", &oauth2_arguments::client_certificate_key_file, "")
      .not_yet("client_certificate_key_id", &oauth2_arguments::client_certificate_key_id, "");
}

}  // namespace

const config::component_schema& oauth2_schema() {
  static const auto schema = [] {
    auto s = config::describe<oauth2_arguments>("otelcol.auth.oauth2", config::stability::generally_available,
                                                "Tokens of OAuth 2.0 (client credentials) for otelcol exporters.");
    s.exports("handler", "object(auth.Handler)", "What an exporter's argument auth takes.");
    s.required("token_url", &oauth2_arguments::token_url, "Where tokens are asked for.")
        .attribute("client_id", &oauth2_arguments::client_id, "Who asks.")
        .attribute("client_id_file", &oauth2_arguments::client_id_file,
                   "File that holds it, instead; read again when it changes.")
        .attribute("client_secret", &oauth2_arguments::client_secret, "The secret of who asks.")
        .attribute("client_secret_file", &oauth2_arguments::client_secret_file,
                   "File that holds it, instead; read again for each token.")
        .attribute("scopes", &oauth2_arguments::scopes, "What the token is to be good for.")
        .attribute("endpoint_params", &oauth2_arguments::endpoint_params, "Further parameters of the request for one.")
        .attribute("timeout", &oauth2_arguments::timeout, "How long that may take; 0s: 10s.")
        .attribute("expiry_buffer", &oauth2_arguments::expiry_buffer,
                   "So long before its end a token is not used any more.")
        .block("tls", &oauth2_arguments::tls, exporting::tls_schema(), "How TLS is spoken with the tokens' server.")
        .block("debug_metrics", &oauth2_arguments::debug, exporting::debug_schema(), "Which own metrics there are.")
        .check(check);
    add_jwt(s);
    return s;
  }();
  return schema;
}

std::vector<std::string> oauth2_arguments::files() const {
  if (client_id_file.empty()) return {};
  return {client_id_file};
}

result<void> oauth2_arguments::resolve() {
  for (const auto& file : files()) {
    auto id = http::read_secret_file(file);
    if (!id) return failure("client_id_file: " + id.error().message);
    client_id = std::move(*id);
  }
  return {};
}

void oauth2_arguments::prepare(http::client_options& options) const {
  using namespace std::chrono;
  http::oauth2 made;
  made.client_id = client_id;
  // A file goes before what is written beside it.
  made.client_secret = client_secret_file.empty() ? client_secret.text : "";
  made.client_secret_file = client_secret_file;
  made.token_url = token_url;
  made.scopes = scopes;
  for (const auto& [name, values] : endpoint_params) {
    for (const auto& value : values)
      made.endpoint_params.emplace(name, value);
  }
  made.expiry_buffer = ceil<seconds>(expiry_buffer);
  if (timeout.count() > 0) made.timeout = ceil<milliseconds>(timeout);
  made.tls = exporting::to_options(tls);
  options.oauth2 = std::move(made);
}

void oauth2_arguments::prepare(request_headers& headers) const {
  set_header(headers, "Authorization", nullptr);  // the token takes its place
}

}  // namespace troupe::otelcol::auth
