#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/field.hpp"
#include "protocol/http/options.hpp"
#include "protocol/telemetry/result.hpp"

// How requests of otelcol components say who sends them.
namespace troupe::otelcol::auth {

using request_headers = std::vector<std::pair<std::string, std::string>>;

/// What an `otelcol.auth.*` component exports, and an exporter's argument `auth` takes. Immutable; two that say the
/// same are equal.
class handler : public config::capsule {
 public:
  /// Before connections are opened. An error: its credentials can't be read.
  [[nodiscard]] virtual result<void> prepare(http::client_options&) const { return {}; }
  /// Of each request, with all that the exporter itself has put there.
  virtual void prepare(request_headers&) const {}
  [[nodiscard]] std::string type_name() const override { return "auth.Handler"; }
};

/// A handler as an argument; null where there is none.
struct handler_ref {
  std::shared_ptr<const handler> to;
  friend bool operator==(const handler_ref& a, const handler_ref& b) {
    return a.to == b.to || (a.to && b.to && a.to->equals(*b.to));
  }
};

/// For all values of that header (names in any case) this one; without `value`: none.
void set_header(request_headers& in, std::string_view name, const std::string* value);
[[nodiscard]] bool has_header(const request_headers& in, std::string_view name);

/// Those that the exporters' protocols need as they are.
[[nodiscard]] bool is_reserved(std::string_view name);

}  // namespace troupe::otelcol::auth

template <>
struct troupe::config::field<troupe::otelcol::auth::handler_ref> {
  static std::string type() { return "object(auth.Handler)"; }
  static fitted<otelcol::auth::handler_ref> from(const value& v) {
    if (auto found = v.as<otelcol::auth::handler>()) return otelcol::auth::handler_ref{std::move(found)};
    if (!v.is(kind::capsule)) return tl::make_unexpected(type_misfit(kind::capsule, v));
    return parts::misfit_of("expected capsule(\"auth.Handler\"), got " + describe(v));
  }
  static value to(const otelcol::auth::handler_ref& r) {
    return r.to ? value(std::shared_ptr<const capsule>(r.to)) : value();
  }
};
