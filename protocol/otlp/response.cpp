#include "protocol/otlp/response.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "protocol/otlp/grpc.hpp"
#include "protocol/otlp/proto/status.pb.h"
#include "protocol/otlp/proto/trace_service.pb.h"
#include "protocol/otlp/read_message.hpp"
#include "protocol/telemetry/utf8.hpp"

namespace troupe::otlp {

namespace {

using kind = export_verdict::kind;
/// Those of all signals look alike: field 1 counts what was rejected, field 2 says why.
using any_response = opentelemetry::proto::collector::trace::v1::ExportTraceServiceResponse;

/// Of a backend's answer this much is worth repeating, its first line.
constexpr std::size_t most_words = 512;

std::string first_line(std::string_view text) {
  text = text.substr(0, std::min(text.find_first_of("\r\n"), most_words));
  std::string made;
  telemetry::append_repaired_utf8(text, made);
  return made;
}

/// HTTP's status where there is none of gRPC ("HTTP to gRPC Status Code Mapping").
int code_of_http(int status) {
  switch (status) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}

bool is_retried(int code, bool has_retry_info) {
  switch (code) {
    case 1:   // CANCELLED
    case 4:   // DEADLINE_EXCEEDED
    case 10:  // ABORTED
    case 11:  // OUT_OF_RANGE
    case 14:  // UNAVAILABLE
    case 15:  // DATA_LOSS
      return true;
    case 8:  // RESOURCE_EXHAUSTED: only where recovery is promised
      return has_retry_info;
    default:
      return false;
  }
}

/// The pause that a google.rpc.Status asks for.
std::optional<std::chrono::nanoseconds> retry_info_of(const google::rpc::Status& status) {
  for (const auto& one : status.details()) {
    if (!one.type_url().ends_with("/google.rpc.RetryInfo")) continue;
    google::rpc::RetryInfo info;
    if (!read_message(one.value(), info)) continue;
    constexpr std::int64_t a_day = 24 * 3600;
    const auto seconds = std::clamp<std::int64_t>(info.retry_delay().seconds(), 0, a_day);
    return std::chrono::seconds(seconds) + std::chrono::nanoseconds(std::max(0, info.retry_delay().nanos()));
  }
  return std::nullopt;
}

void read_partial_success(const any_response& response, export_verdict& into) {
  if (!response.has_partial_success()) return;
  into.rejected = static_cast<std::uint64_t>(std::max<std::int64_t>(0, response.partial_success().rejected_spans()));
  into.words = first_line(response.partial_success().error_message());
}

/// The same in JSON, where the count may be a text.
void read_partial_json(std::string_view body, export_verdict& into) {
  const auto read = nlohmann::json::parse(body, nullptr, false);
  if (!read.is_object() || !read.contains("partialSuccess") || !read["partialSuccess"].is_object()) return;
  const auto& partial = read["partialSuccess"];
  for (const char* name : {"rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"}) {
    const auto at = partial.find(name);
    if (at == partial.end()) continue;
    std::int64_t count = 0;
    if (at->is_number_integer()) {
      count = at->get<std::int64_t>();
    } else if (at->is_string()) {
      const auto& text = at->get_ref<const std::string&>();
      std::from_chars(text.data(), text.data() + text.size(), count);
    }
    into.rejected = static_cast<std::uint64_t>(std::max<std::int64_t>(0, count));
  }
  if (const auto at = partial.find("errorMessage"); at != partial.end() && at->is_string())
    into.words = first_line(at->get_ref<const std::string&>());
}

/// An error's own words: those of a google.rpc.Status, or the first line of what came instead.
std::string words_of_http(std::string_view content_type, std::string_view body) {
  if (content_type.starts_with("application/x-protobuf")) {
    google::rpc::Status status;
    if (read_message(body, status)) return first_line(status.message());
  } else if (content_type.starts_with("application/json")) {
    const auto read = nlohmann::json::parse(body, nullptr, false);
    if (read.is_object() && read.contains("message") && read["message"].is_string())
      return first_line(read["message"].get_ref<const std::string&>());
  }
  return first_line(body);
}

}  // namespace

export_verdict classify_grpc(const grpc_answer& answer) {
  export_verdict made;
  int code = -1;
  const auto text = answer.grpc_status;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), code);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size()) {
    code = code_of_http(answer.http_status);
    made.words = "this is no gRPC answer (HTTP status " + std::to_string(answer.http_status) +
                 (answer.content_type.empty() ? "" : ", " + first_line(answer.content_type)) + ")";
    if (!answer.content_type.starts_with("application/grpc") && !answer.body.empty())
      made.words += ": " + first_line(answer.body);
  } else if (code != 0) {
    made.words = grpc_code_name(code);
    if (!answer.grpc_message.empty()) made.words += ": " + first_line(percent_decode(answer.grpc_message));
  }
  made.code = code;
  if (code == 0) {
    const auto message = unframe(answer.body);
    any_response response;
    if (message && read_message(*message, response)) read_partial_success(response, made);
    return made;
  }
  google::rpc::Status status;
  if (read_message(base64_decode(answer.grpc_status_details), status)) made.after = retry_info_of(status);
  made.what = is_retried(code, made.after.has_value()) ? kind::retry : kind::refused;
  if (made.what == kind::refused) made.after.reset();
  return made;
}

export_verdict classify_http(int status, std::string_view content_type, std::string_view body,
                             std::optional<std::chrono::nanoseconds> retry_after) {
  export_verdict made;
  if (status / 100 == 2) {
    if (content_type.starts_with("application/json")) {
      read_partial_json(body, made);
    } else if (content_type.starts_with("application/x-protobuf")) {
      any_response response;
      if (read_message(body, response)) read_partial_success(response, made);
    }
    return made;
  }
  const bool again = status == 429 || status == 502 || status == 503 || status == 504;
  made.what = again ? kind::retry : kind::refused;
  if (again) made.after = retry_after;
  const auto words = words_of_http(content_type, body);
  made.words = "server returned HTTP status " + std::to_string(status) + (words.empty() ? "" : ": " + words);
  return made;
}

}  // namespace troupe::otlp
