#include "actors/loki/echo/echo.hpp"

#include <string>

#include "protocol/telemetry/logs.hpp"

namespace troupe::loki {

namespace echoing {

const config::component_schema& schema() {
  static const auto schema = [] {
    auto s = config::describe<arguments>("loki.echo", config::stability::generally_available,
                                         "Writes the entries it receives to the collector's own log.");
    s.exports("receiver", "LogsReceiver", "Takes the entries to show.");
    return s;
  }();
  return schema;
}

}  // namespace echoing

namespace {

std::string text_of(std::span<const telemetry::label_view> metadata) {
  if (metadata.empty()) return {};
  telemetry::label_set labels;
  for (const auto& [name, value] : metadata)
    labels.set(name, value);
  return labels.to_text();
}

}  // namespace

config::value echo::exports(const runtime::component_place& place, const echoing::arguments&) {
  return config::object::in_order({{"receiver", runtime::make_receiver(place.id, telemetry::signal::logs)}});
}

void echo::consume(const telemetry::batch_ref& batch, runtime::receipt of) {
  const auto& in = static_cast<const telemetry::logs_batch&>(*batch);
  for (const auto& stream : in.streams()) {
    const auto labels = stream.labels->to_text();
    for (auto i = stream.begin; i < stream.end; ++i) {
      const auto& entry = in.at(i);
      const auto metadata = text_of(entry.metadata);
      context_.publish(runtime::log_entry_received{entry.line, labels, metadata}, {}, in.self_telemetry);
    }
  }
  of.settle();
}

}  // namespace troupe::loki
