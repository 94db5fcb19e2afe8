#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/telemetry/result.hpp"

namespace troupe::otlp {

using trace_id = std::array<std::uint8_t, 16>;
using span_id = std::array<std::uint8_t, 8>;

enum class span_kind : std::uint8_t { unspecified, internal, server, client, producer, consumer };
enum class status_code : std::uint8_t { unset, ok, error };

/// An attribute that refers to the caller's texts.
struct attribute_view {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

/// A span to be encoded; refers to the caller's texts.
struct span_view {
  otlp::trace_id trace{};
  otlp::span_id id{};
  otlp::span_id parent{};  ///< all zero: it begins the trace
  std::string_view name;
  span_kind kind = span_kind::internal;
  std::uint64_t start_ns = 0, end_ns = 0;  ///< Unix time
  std::span<const attribute_view> attributes;
  status_code status = status_code::unset;
  std::string_view status_message;
};

/// An attribute read; arrays, maps and bytes as JSON text.
struct attribute {
  std::string key;
  std::variant<std::string, std::int64_t, double, bool> value;
};

struct span_event {
  std::uint64_t time_ns = 0;
  std::string name;
  std::vector<attribute> attributes;
};

/// A span read, with what its resource and scope say of it.
struct span {
  otlp::trace_id trace{};
  otlp::span_id id{};
  otlp::span_id parent{};
  std::string name;
  span_kind kind = span_kind::unspecified;
  std::uint64_t start_ns = 0, end_ns = 0;
  std::vector<attribute> attributes;
  std::vector<span_event> events;
  status_code status = status_code::unset;
  std::string status_message;
  std::string service;  ///< the resource's `service.name`; empty: it has none
  std::string scope;    ///< name of the instrumentation scope
  std::vector<attribute> resource, scope_attributes;
};

/// All spans of an ExportTraceServiceRequest, in its order. Ids of another length than they must have are an error that
/// names the span.
[[nodiscard]] result<std::vector<span>> decode_traces(std::string_view message);

}  // namespace troupe::otlp
