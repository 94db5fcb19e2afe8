#include <google/protobuf/arena.h>

#include <cmath>
#include <cstdio>

#include "protocol/otlp/json_text.hpp"
#include "protocol/otlp/proto/trace_service.pb.h"
#include "protocol/otlp/read_message.hpp"
#include "protocol/otlp/span.hpp"
#include "protocol/telemetry/hex.hpp"

namespace troupe::otlp {

namespace {

namespace common = opentelemetry::proto::common::v1;
namespace trace = opentelemetry::proto::trace::v1;
using request_message = opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest;

void append_json(const common::AnyValue& value, std::string& out);

void append_json_list(const common::ArrayValue& list, std::string& out) {
  out += '[';
  for (int i = 0; i < list.values_size(); ++i) {
    if (i > 0) out += ',';
    append_json(list.values(i), out);
  }
  out += ']';
}

void append_json_map(const common::KeyValueList& map, std::string& out) {
  out += '{';
  for (int i = 0; i < map.values_size(); ++i) {
    if (i > 0) out += ',';
    append_json_text(map.values(i).key(), out);
    out += ':';
    append_json(map.values(i).value(), out);
  }
  out += '}';
}

void append_json(const common::AnyValue& value, std::string& out) {
  char number[32];
  switch (value.value_case()) {
    case common::AnyValue::kStringValue:
      return append_json_text(value.string_value(), out);
    case common::AnyValue::kBoolValue:
      out += value.bool_value() ? "true" : "false";
      return;
    case common::AnyValue::kIntValue:
      out += std::to_string(value.int_value());
      return;
    case common::AnyValue::kDoubleValue:
      if (!std::isfinite(value.double_value())) {
        out += "null";
        return;
      }
      std::snprintf(number, sizeof number, "%.17g", value.double_value());
      out += number;
      return;
    case common::AnyValue::kArrayValue:
      return append_json_list(value.array_value(), out);
    case common::AnyValue::kKvlistValue:
      return append_json_map(value.kvlist_value(), out);
    case common::AnyValue::kBytesValue:
      ((out += '"') += telemetry::to_hex(value.bytes_value())) += '"';
      return;
    case common::AnyValue::VALUE_NOT_SET:
      out += "null";
      return;
  }
}

template <class List>
std::vector<attribute> attributes_of(const List& all) {
  std::vector<attribute> made;
  made.reserve(static_cast<std::size_t>(all.size()));
  for (const auto& one : all) {
    attribute next{one.key(), {}};
    const auto& value = one.value();
    if (value.has_bool_value()) {
      next.value = value.bool_value();
    } else if (value.has_int_value()) {
      next.value = value.int_value();
    } else if (value.has_double_value()) {
      next.value = value.double_value();
    } else if (value.has_string_value()) {
      next.value = value.string_value();
    } else {
      std::string text;
      append_json(value, text);
      next.value = std::move(text);
    }
    made.push_back(std::move(next));
  }
  return made;
}

template <std::size_t N>
bool read_id(const std::string& bytes, std::array<std::uint8_t, N>& to) {
  if (bytes.size() != N) return false;
  std::copy(bytes.begin(), bytes.end(), to.begin());
  return true;
}

result<span> read_span(const trace::Span& from) {
  span made;
  if (!read_id(from.trace_id(), made.trace)) return failure("its trace id has not 16 bytes");
  if (!read_id(from.span_id(), made.id)) return failure("its id has not 8 bytes");
  if (!from.parent_span_id().empty() && !read_id(from.parent_span_id(), made.parent))
    return failure("its parent's id has not 8 bytes");
  made.name = from.name();
  made.kind = from.kind() >= 0 && from.kind() <= 5 ? static_cast<span_kind>(from.kind()) : span_kind::unspecified;
  made.start_ns = from.start_time_unix_nano(), made.end_ns = from.end_time_unix_nano();
  made.attributes = attributes_of(from.attributes());
  for (const auto& one : from.events())
    made.events.push_back({one.time_unix_nano(), one.name(), attributes_of(one.attributes())});
  const int code = from.status().code();
  made.status = code >= 0 && code <= 2 ? static_cast<status_code>(code) : status_code::unset;
  made.status_message = from.status().message();
  return made;
}

}  // namespace

result<std::vector<span>> decode_traces(std::string_view message) {
  google::protobuf::Arena arena;
  auto* request = google::protobuf::Arena::CreateMessage<request_message>(&arena);
  if (!read_message(message, *request)) return failure("this is no ExportTraceServiceRequest");
  std::vector<span> all;
  for (const auto& group : request->resource_spans()) {
    const auto resource = attributes_of(group.resource().attributes());
    std::string service;
    for (const auto& one : resource) {
      const auto* text = std::get_if<std::string>(&one.value);
      if (one.key == "service.name" && text != nullptr) service = *text;
    }
    for (const auto& scoped : group.scope_spans()) {
      const auto scope_attributes = attributes_of(scoped.scope().attributes());
      for (const auto& from : scoped.spans()) {
        auto one = read_span(from);
        if (!one) return failure("span " + std::to_string(all.size()) + " of the request: " + one.error().message);
        one->service = service;
        one->scope = scoped.scope().name();
        one->resource = resource;
        one->scope_attributes = scope_attributes;
        all.push_back(std::move(*one));
      }
    }
  }
  return all;
}

}  // namespace troupe::otlp
