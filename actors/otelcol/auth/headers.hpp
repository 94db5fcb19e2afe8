#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/otelcol/auth/component.hpp"
#include "actors/otelcol/exporter/arguments.hpp"

namespace troupe::otelcol {

namespace auth {

/// A text that is shown, unless it came as a secret.
struct header_value {
  std::string text;
  bool secret = false;
  friend bool operator==(const header_value&, const header_value&) = default;
};

struct header_change {
  std::string key;
  std::optional<header_value> value;
  std::string action = "upsert";

  // Declared, refused: there is no request that came in.
  std::optional<std::string> from_context, from_attribute;
  friend bool operator==(const header_change&, const header_change&) = default;
};

/// otelcol.auth.headers, as it is written.
struct headers_arguments {
  std::vector<header_change> changes;
  exporting::debug_metrics debug;
  friend bool operator==(const headers_arguments&, const headers_arguments&) = default;

  [[nodiscard]] static std::vector<std::string> files() { return {}; }
  [[nodiscard]] static result<void> resolve() { return {}; }
  void prepare(http::client_options&) const {}
  void prepare(request_headers& headers) const;
};
[[nodiscard]] const config::component_schema& headers_schema();

}  // namespace auth

using auth_headers = auth::component<auth::headers_arguments>;

}  // namespace troupe::otelcol

template <>
struct troupe::config::field<troupe::otelcol::auth::header_value> {
  static std::string type() { return "secret_or_string"; }
  static fitted<otelcol::auth::header_value> from(const value& v);
  static value to(const otelcol::auth::header_value& one);
};
