#include "actors/store/local/arguments.hpp"

namespace troupe::store::storing {

namespace {

config::body_of<bounds> bounds_schema() {
  config::body_of<bounds> s;
  s.attribute("max_age", &bounds::max_age, "Older ones are removed; 0: never.")
      .attribute("max_size", &bounds::max_size, "Beyond this size the oldest are removed; 0: never.")
      .check([](const bounds& b) {
        config::complaints all;
        if (b.max_age && b.max_age->count() < 0) all.push_back({"max_age", "max_age must not be negative"});
        if (b.max_size && b.max_size->bytes < 0) all.push_back({"max_size", "max_size must not be negative"});
        return all;
      });
  return s;
}

}  // namespace

const config::component_schema& schema() {
  static const auto schema = [] {
    auto s =
        config::describe<arguments>("store.local", config::stability::generally_available,
                                    "Keeps metrics, logs and traces in embedded databases, to be asked over HTTP.");
    s.exports("receiver", "MetricsReceiver", "Takes the samples to keep.")
        .exports("logs_receiver", "LogsReceiver", "Takes the log entries to keep.")
        .exports("input", "otelcol.Consumer", "Takes the traces to keep; other otelcol signals are refused.");
    s.attribute("max_age", &arguments::max_age, "Of each signal, what is older is removed; 0: never.")
        .attribute("max_size", &arguments::max_size,
                   "Of each signal, beyond this size of its database the oldest is removed; 0: never.")
        .block("metrics", &arguments::metrics, bounds_schema(), "Bounds of the samples, instead.")
        .block("logs", &arguments::logs, bounds_schema(), "Bounds of the log entries, instead.")
        .block("traces", &arguments::traces, bounds_schema(), "Bounds of the traces, instead.")
        .check([](const arguments& a) {
          config::complaints all;
          if (a.max_age.count() < 0) all.push_back({"max_age", "max_age must not be negative"});
          if (a.max_size.bytes < 0) all.push_back({"max_size", "max_size must not be negative"});
          return all;
        });
    return s;
  }();
  return schema;
}

std::array<retention, 3> retentions(const arguments& of) {
  const auto one = [&](const bounds& b) {
    const auto age = b.max_age.value_or(of.max_age);
    return retention{std::chrono::duration_cast<std::chrono::milliseconds>(age).count(),
                     static_cast<std::uint64_t>(b.max_size.value_or(of.max_size).bytes)};
  };
  return {one(of.metrics), one(of.logs), one(of.traces)};
}

}  // namespace troupe::store::storing
