#include "protocol/otlp/trace_builder.hpp"

#include <algorithm>

#include "protocol/telemetry/protobuf.hpp"
#include "protocol/telemetry/utf8.hpp"

namespace troupe::otlp {

namespace {

using namespace telemetry::protobuf;

namespace field {
constexpr char resource_spans = 0x0a;                                // of ExportTraceServiceRequest
constexpr char resource = 0x0a, scope_spans = 0x12;                  // of ResourceSpans
constexpr char resource_attributes = 0x0a;                           // of Resource
constexpr char scope = 0x0a, spans = 0x12;                           // of ScopeSpans
constexpr char scope_name = 0x0a, scope_attributes = 0x1a;           // of InstrumentationScope
constexpr char key = 0x0a, value = 0x12;                             // of KeyValue
constexpr char text = 0x0a, flag = 0x10, whole = 0x18, real = 0x21;  // of AnyValue
constexpr char trace_id = 0x0a, span_id = 0x12, parent = 0x22, name = 0x2a, kind = 0x30;  // of Span
constexpr char start = 0x39, end = 0x41, attributes = 0x4a, status = 0x7a;
constexpr char status_message = 0x12, status_code = 0x18;  // of Status
}  // namespace field

void put_utf8(char tag, std::string_view text, std::string& out) {
  if (telemetry::is_valid_utf8(text)) return put_text(tag, text, out);
  std::string repaired;
  telemetry::append_repaired_utf8(text, repaired);
  put_text(tag, repaired, out);
}

template <std::size_t N>
void put_id(char tag, const std::array<std::uint8_t, N>& id, std::string& out) {
  put_text(tag, {reinterpret_cast<const char*>(id.data()), N}, out);
}

void put_value(const std::variant<std::string_view, std::int64_t, double, bool>& value, std::string& out) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    put_utf8(field::text, *text, out);
  } else if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    out.push_back(field::whole);
    put_varint(static_cast<std::uint64_t>(*whole), out);
  } else if (const auto* real = std::get_if<double>(&value)) {
    put_double(field::real, *real, out);
  } else {
    out.push_back(field::flag);
    out.push_back(std::get<bool>(value) ? 1 : 0);
  }
}

/// A KeyValue under this tag.
void put_attribute(char tag, const attribute_view& one, std::string& out) {
  thread_local std::string value, pair;
  value.clear(), pair.clear();
  put_value(one.value, value);
  put_utf8(field::key, one.key, pair);
  put_text(field::value, value, pair);
  put_text(tag, pair, out);
}

void put_status(const span_view& one, std::string& out) {
  if (one.status == status_code::unset && one.status_message.empty()) return;
  std::string status;
  if (!one.status_message.empty()) put_utf8(field::status_message, one.status_message, status);
  status.push_back(field::status_code);
  status.push_back(static_cast<char>(one.status));
  put_text(field::status, status, out);
}

}  // namespace

trace_builder::trace_builder(std::span<const attribute_view> resource) {
  for (const auto& one : resource)
    put_attribute(field::resource_attributes, one, resource_);
}

void trace_builder::add(std::string_view scope, std::span<const attribute_view> scope_attributes,
                        const span_view& one) {
  auto to = std::find_if(scopes_.begin(), scopes_.end(), [&](const auto& s) { return s.name == scope; });
  if (to == scopes_.end()) {
    to = scopes_.insert(to, {std::string(scope), {}, {}});
    put_utf8(field::scope_name, scope, to->encoded);
    for (const auto& each : scope_attributes)
      put_attribute(field::scope_attributes, each, to->encoded);
  }
  thread_local std::string span;
  span.clear();
  put_id(field::trace_id, one.trace, span);
  put_id(field::span_id, one.id, span);
  if (one.parent != span_id{}) put_id(field::parent, one.parent, span);
  put_utf8(field::name, one.name, span);
  span.push_back(field::kind);
  span.push_back(static_cast<char>(one.kind));
  put_fixed64(field::start, one.start_ns, span);
  put_fixed64(field::end, one.end_ns, span);
  for (const auto& each : one.attributes)
    put_attribute(field::attributes, each, span);
  put_status(one, span);
  put_text(field::spans, span, to->spans);
  ++spans_;
  bytes_ += text_size(span.size());
}

std::shared_ptr<telemetry::otlp_batch> trace_builder::finish() {
  std::string all;
  all.reserve(bytes_ + 256 * scopes_.size() + resource_.size() + 16);
  put_text(field::resource, resource_, all);
  for (const auto& one : scopes_) {
    all.push_back(field::scope_spans);
    put_varint(text_size(one.encoded.size()) + one.spans.size(), all);
    put_text(field::scope, one.encoded, all);
    all += one.spans;
  }
  auto made = std::make_shared<telemetry::otlp_batch>();
  made->what = telemetry::otlp_kind::traces;
  made->count = spans_;
  if (spans_ > 0) put_text(field::resource_spans, all, made->message);
  scopes_.clear();
  spans_ = bytes_ = 0;
  return made;
}

}  // namespace troupe::otlp
