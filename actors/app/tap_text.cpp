#include "actors/app/tap_text.hpp"

#include "actors/runtime/clocks.hpp"
#include "protocol/otlp/span.hpp"
#include "protocol/telemetry/hex.hpp"
#include "protocol/telemetry/logs.hpp"
#include "protocol/telemetry/number.hpp"
#include "protocol/telemetry/otlp.hpp"
#include "protocol/telemetry/utf8.hpp"

namespace troupe::app {

namespace {

constexpr std::size_t longest = 8 << 10;

using emit = std::function<void(std::string)>;
using ask = std::function<bool()>;

template <class Labels>
std::string braces(const Labels& labels) {
  std::string text = "{";
  for (const auto& [name, value] : labels) {
    if (text.size() > 1) text += ", ";
    text.append(name).append("=\"").append(value.substr(0, longest)) += '"';
  }
  return text += '}';
}

void samples(const telemetry::metrics_batch& of, const ask& wanted, const emit& line) {
  of.block->for_each([&](std::size_t series, telemetry::label_buffer& labels, const auto&) {
    if (!wanted()) return;
    std::string text =
        "sample: ts=" + std::to_string(of.timestamp_of(series)) + ", labels=" + braces(labels.labels()) + ", value=";
    telemetry::append_number(of.values[series], text);
    line(std::move(text));
  });
}

void entries(const telemetry::logs_batch& of, const ask& wanted, const emit& line) {
  for (const auto& stream : of.streams()) {
    for (auto i = stream.begin; i < stream.end; ++i) {
      if (!wanted()) continue;
      const auto& one = of.at(i);
      line("timestamp: " + runtime::rfc3339(one.timestamp_ns / 1'000'000) +
           ", entry: " + std::string(one.line.substr(0, longest)) + ", labels: " + braces(stream.labels->items()) +
           ", structured_metadata: " + braces(one.metadata));
    }
  }
}

void spans(const telemetry::otlp_batch& of, const ask& wanted, const emit& line) {
  if (of.what != telemetry::otlp_kind::traces) return line(std::to_string(of.count) + " records");
  const auto decoded = otlp::decode_traces(of.message);
  if (!decoded) return line("not readable: " + decoded.error().message);
  for (const auto& one : *decoded) {
    if (!wanted()) continue;
    const auto ns = one.end_ns >= one.start_ns ? one.end_ns - one.start_ns : 0;
    line("span: " + one.name + ", service: " + one.service + ", trace_id: " + telemetry::to_hex(one.trace) +
         ", span_id: " + telemetry::to_hex(one.id) + ", duration: " + std::to_string(static_cast<double>(ns) / 1e6) +
         "ms" + (one.status == otlp::status_code::error ? ", error: " + one.status_message : ""));
  }
}

}  // namespace

void describe(const runtime::tap::sight& of, const ask& wanted, const emit& line) {
  const std::string where = (of.incoming ? "[IN] from " : "[OUT] to ") + of.peers + ": ";
  const emit placed = [&](const std::string& text) {
    std::string whole;
    telemetry::append_repaired_utf8(where + (text.size() > longest ? text.substr(0, longest) + "…" : text), whole);
    line(std::move(whole));
  };
  switch (of.batch->kind()) {
    case telemetry::signal::metrics:
      return samples(static_cast<const telemetry::metrics_batch&>(*of.batch), wanted, placed);
    case telemetry::signal::logs:
      return entries(static_cast<const telemetry::logs_batch&>(*of.batch), wanted, placed);
    case telemetry::signal::otlp:
      return spans(static_cast<const telemetry::otlp_batch&>(*of.batch), wanted, placed);
  }
}

}  // namespace troupe::app
