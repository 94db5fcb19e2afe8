#include "actors/otelcol/auth/bearer.hpp"

namespace troupe::otelcol::auth {

namespace {

std::string value_of(const bearer_arguments& a) {
  return a.scheme.empty() ? a.token.text : a.scheme + ' ' + a.token.text;
}

config::complaints check(const bearer_arguments& a) {
  config::complaints all;
  if (is_reserved(a.header)) {
    all.push_back({"header", "header \"" + a.header + "\" is reserved: it can't be changed"});
  } else if (!http::valid_header(a.header, "")) {
    all.push_back({"header", "\"" + a.header + "\" is no valid header"});
  }
  if (!http::valid_header("Authorization", a.scheme)) {
    all.push_back({"scheme", "scheme must not contain control characters"});
  } else if (!http::valid_header("Authorization", value_of(a))) {
    all.push_back({"token", "token must not contain control characters"});
  }
  return all;
}

}  // namespace

const config::component_schema& bearer_schema() {
  static const auto schema = [] {
    auto s = config::describe<bearer_arguments>("otelcol.auth.bearer", config::stability::generally_available,
                                                "A bearer token for otelcol exporters.");
    s.exports("handler", "object(auth.Handler)", "What an exporter's argument auth takes.");
    s.required("token", &bearer_arguments::token, "The token.")
        .attribute("scheme", &bearer_arguments::scheme, "What stands before it; empty: nothing.")
        .attribute("header", &bearer_arguments::header, "The header that carries it.")
        .block("debug_metrics", &bearer_arguments::debug, exporting::debug_schema(), "Which own metrics there are.")
        .check(check);
    return s;
  }();
  return schema;
}

void bearer_arguments::prepare(request_headers& headers) const {
  const auto value = value_of(*this);
  set_header(headers, header, &value);
}

}  // namespace troupe::otelcol::auth
