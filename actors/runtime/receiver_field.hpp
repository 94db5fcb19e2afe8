#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/runtime/receiver.hpp"
#include "config/field.hpp"

namespace troupe::runtime {

/// A receiver of one signal, as an argument. Null where the configuration says null.
template <telemetry::signal Signal>
struct receiver_of {
  std::shared_ptr<const receiver> to;
  friend bool operator==(const receiver_of& a, const receiver_of& b) {
    return a.to == b.to || (a.to && b.to && a.to->equals(*b.to));
  }
};
using metrics_receiver = receiver_of<telemetry::signal::metrics>;
using logs_receiver = receiver_of<telemetry::signal::logs>;
using otlp_receiver = receiver_of<telemetry::signal::otlp>;

/// Those that are there.
template <telemetry::signal Signal>
[[nodiscard]] std::vector<std::shared_ptr<const receiver>> receivers_of(const std::vector<receiver_of<Signal>>& all) {
  std::vector<std::shared_ptr<const receiver>> made;
  for (const auto& one : all) {
    if (one.to) made.push_back(one.to);
  }
  return made;
}

}  // namespace troupe::runtime

template <troupe::telemetry::signal Signal>
struct troupe::config::field<troupe::runtime::receiver_of<Signal>> {
  static std::string type() {
    return Signal == telemetry::signal::metrics ? "MetricsReceiver"
           : Signal == telemetry::signal::logs  ? "LogsReceiver"
                                                : "otelcol.Consumer";
  }
  static fitted<runtime::receiver_of<Signal>> from(const value& v) {
    const auto found = v.as<runtime::receiver>();
    if (!found) {
      if (!v.is(kind::capsule)) return tl::make_unexpected(type_misfit(kind::capsule, v));
    } else if (found->of() == Signal) {
      return runtime::receiver_of<Signal>{found};
    }
    const runtime::receiver wanted("", Signal);
    return parts::misfit_of("expected capsule(\"" + wanted.type_name() + "\"), got " + describe(v));
  }
  static value to(const runtime::receiver_of<Signal>& r) {
    return r.to ? value(std::shared_ptr<const capsule>(r.to)) : value();
  }
};
