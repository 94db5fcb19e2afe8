#include "actors/app/tap_text.hpp"

#include <algorithm>
#include <variant>

#include "actors/app/tap_stream.hpp"
#include "actors/runtime/clocks.hpp"
#include "config/unicode.hpp"
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

/// As a literal of the configuration's language, so that no text can pose as another line or another item.
std::string in_quotes(std::string_view text) {
  std::string out = config::quoted(text.substr(0, longest));
  for (std::size_t at = 0; (at = out.find(tap_separator, at)) != std::string::npos;)
    out.replace(at, tap_separator.size(), "|\\x3b|");
  return out;
}

/// Attributes and labels may have any name.
std::string name_of(std::string_view name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == ':' || c == '-';
  });
  return plain ? std::string(name) : in_quotes(name);
}

struct value_text {
  std::string operator()(std::string_view text) const { return in_quotes(text); }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(double number) const {
    std::string text;
    telemetry::append_number(number, text);
    return text;
  }
  std::string operator()(bool truth) const { return truth ? "true" : "false"; }
  template <class... Any>
  std::string operator()(const std::variant<Any...>& any) const {
    return std::visit(*this, any);
  }
};

template <class Labels>
std::string braces(const Labels& labels) {
  std::string text = "{";
  for (const auto& [name, value] : labels) {
    if (text.size() > longest) break;  // what comes is cut off
    if (text.size() > 1) text += ", ";
    text.append(name_of(name)).append("=").append(value_text()(value));
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
      line("timestamp: " + runtime::rfc3339(one.timestamp_ns / 1'000'000) + ", entry: " + in_quotes(one.line) +
           ", labels: " + braces(stream.labels->items()) + ", structured_metadata: " + braces(one.metadata));
    }
  }
}

void spans(const telemetry::otlp_batch& of, const ask& wanted, const emit& line) {
  if (of.what != telemetry::otlp_kind::traces) return line(std::to_string(of.count) + " records");
  const auto decoded = otlp::decode_traces(of.message);
  if (!decoded) return line("not readable: " + in_quotes(decoded.error().message));
  for (const auto& one : *decoded) {
    if (!wanted()) continue;
    const auto ns = one.end_ns >= one.start_ns ? one.end_ns - one.start_ns : 0;
    line("span: " + in_quotes(one.name) + ", service: " + in_quotes(one.service) +
         ", trace_id: " + telemetry::to_hex(one.trace) + ", span_id: " + telemetry::to_hex(one.id) +
         ", duration: " + std::to_string(static_cast<double>(ns) / 1e6) + "ms" +
         (one.status == otlp::status_code::error ? ", error: " + in_quotes(one.status_message) : "") +
         ", attributes: " + braces(one.attributes));
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
