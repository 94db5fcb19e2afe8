#include "actors/otelcol/auth/headers.hpp"

#include <algorithm>
#include <cctype>

#include "config/conversion.hpp"

namespace troupe::otelcol::auth {

namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

config::complaints check(const header_change& c) {
  config::complaints all;
  const auto action = lower(c.action);
  if (action != "insert" && action != "update" && action != "upsert" && action != "delete")
    all.push_back({"action", "unknown action " + c.action});
  if (c.key.empty()) {
    all.push_back({"key", "key must be set to a non-empty string"});
  } else if (is_reserved(c.key)) {
    all.push_back({"key", "header \"" + c.key + "\" is reserved: it can't be changed"});
  } else if (!http::valid_header(c.key, "")) {
    all.push_back({"key", "\"" + c.key + "\" is no valid header"});
  }
  if (!c.value && action != "delete") {
    all.push_back({"", "value must be provided"});
  } else if (c.value && !http::valid_header("x", c.value->text)) {
    all.push_back({"value", "value must not contain control characters"});
  }
  return all;
}

config::body_of<header_change> change_schema() {
  config::body_of<header_change> s;
  s.required("key", &header_change::key, "Name of the header.")
      .attribute("value", &header_change::value, "Its value.")
      .attribute(
          "action", &header_change::action,
          "insert: where there is none; update: where there is one; upsert: in any case; delete: it is left out.")
      .not_yet("from_context", &header_change::from_context, "")
      .not_yet("from_attribute", &header_change::from_attribute, "")
      .check(check);
  return s;
}

}  // namespace

const config::component_schema& headers_schema() {
  static const auto schema = [] {
    auto s = config::describe<headers_arguments>("otelcol.auth.headers", config::stability::generally_available,
                                                 "Headers for the requests of otelcol exporters.");
    s.exports("handler", "object(auth.Handler)", "What an exporter's argument auth takes.");
    s.blocks("header", &headers_arguments::changes, change_schema(), "What is done to a request's headers, in order.")
        .block("debug_metrics", &headers_arguments::debug, exporting::debug_schema(), "Which own metrics there are.");
    return s;
  }();
  return schema;
}

void headers_arguments::prepare(request_headers& headers) const {
  for (const auto& one : changes) {
    const auto action = lower(one.action);
    const bool there = has_header(headers, one.key);
    if ((action == "insert" && there) || (action == "update" && !there)) continue;
    set_header(headers, one.key, action == "delete" ? nullptr : &one.value->text);
  }
}

}  // namespace troupe::otelcol::auth

namespace troupe::config {

fitted<otelcol::auth::header_value> field<otelcol::auth::header_value>::from(const value& v) {
  return convert(v, wanted::optional_secret).map([](const value& one) {
    const auto text = one.as<optional_secret>();
    return otelcol::auth::header_value{text->reveal(), text->is_secret()};
  });
}

value field<otelcol::auth::header_value>::to(const otelcol::auth::header_value& one) {
  return one.secret ? make_secret(one.text) : value(one.text);
}

}  // namespace troupe::config
