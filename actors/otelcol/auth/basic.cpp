#include "actors/otelcol/auth/basic.hpp"

#include "protocol/http/tls_material.hpp"

namespace troupe::otelcol::auth {

namespace {

config::complaints check_username(const std::string& name) {
  if (name.find(':') == std::string::npos) return {};
  return {{"username", "a username must not contain \":\""}};  // RFC 7617, 2
}

config::body_of<basic_credentials> client_schema() {
  config::body_of<basic_credentials> s;
  s.attribute("username", &basic_credentials::username, "User name.")
      .attribute("password", &basic_credentials::password, "Password.")
      .attribute("username_file", &basic_credentials::username_file,
                 "File that holds the user name, instead; read again when it changes.")
      .attribute("password_file", &basic_credentials::password_file,
                 "File that holds the password, instead; read again when it changes.")
      .check([](const basic_credentials& c) {
        auto all = check_username(c.username);
        if (c.username.empty() && c.username_file.empty()) all.push_back({"", "no username provided"});
        if (c.password.text.empty() && c.password_file.empty()) all.push_back({"", "no password provided"});
        return all;
      });
  return s;
}

}  // namespace

const config::component_schema& basic_schema() {
  static const auto schema = [] {
    auto s = config::describe<basic_arguments>("otelcol.auth.basic", config::stability::generally_available,
                                               "Basic authentication for otelcol exporters.");
    s.exports("handler", "object(auth.Handler)", "What an exporter's argument auth takes.");
    s.attribute("username", &basic_arguments::username, "User name; client_auth goes before it.")
        .attribute("password", &basic_arguments::password, "Password; client_auth goes before it.")
        .block("client_auth", &basic_arguments::client_auth, client_schema(), "User name and password.")
        .not_yet_block("htpasswd", "Whom a server lets in.")
        .block("debug_metrics", &basic_arguments::debug, exporting::debug_schema(), "Which own metrics there are.")
        .check([](const basic_arguments& a) {
          auto all = check_username(a.username);
          if (a.client_auth) return all;
          if (a.username.empty() && a.password.text.empty()) {
            all.push_back({"", "no credential source provided"});
          } else if (a.password.text.empty()) {
            all.push_back({"", "no password provided"});
          }
          return all;
        });
    return s;
  }();
  return schema;
}

std::vector<std::string> basic_arguments::files() const {
  if (!client_auth || client_auth->username_file.empty()) return {};
  return {client_auth->username_file};
}

result<void> basic_arguments::resolve() {
  for (const auto& file : files()) {
    auto name = http::read_secret_file(file);
    if (!name) return failure("username_file: " + name.error().message);
    if (!check_username(*name).empty()) return failure("username_file: a username must not contain \":\"");
    client_auth->username = std::move(*name);
  }
  return {};
}

void basic_arguments::prepare(http::client_options& options) const {
  if (!client_auth) {
    options.basic = http::basic_auth{username, password.text, {}};
    return;
  }
  // A file goes before what is written beside it.
  const auto& file = client_auth->password_file;
  options.basic = http::basic_auth{client_auth->username, file.empty() ? client_auth->password.text : "", file};
}

void basic_arguments::prepare(request_headers& headers) const {
  set_header(headers, "Authorization", nullptr);  // the connection's own takes its place
}

}  // namespace troupe::otelcol::auth
