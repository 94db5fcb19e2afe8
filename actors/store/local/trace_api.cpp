#include "actors/store/local/trace_api.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>
#include <set>

#include "actors/store/local/api_parameters.hpp"
#include "actors/store/local/trace_tree.hpp"
#include "protocol/otlp/span.hpp"
#include "protocol/telemetry/hex.hpp"

namespace troupe::store {

namespace {

using nlohmann::json;

constexpr std::size_t default_limit = 100, most_traces = 5000;

/// `250ms`, `1.5s`, or seconds without a unit.
std::optional<std::int64_t> duration(std::string_view text) {
  const auto digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto unit = text.substr(digits);
  double factor = 0;
  for (const auto& [name, ns] : {std::pair<std::string_view, double>{"", 1e9},
                                 {"s", 1e9},
                                 {"ms", 1e6},
                                 {"us", 1e3},
                                 {"ns", 1},
                                 {"m", 60e9},
                                 {"h", 3600e9}}) {
    if (unit == name) factor = ns;
  }
  const auto n = digits == 0 ? std::nullopt : number(text.substr(0, digits), 0);
  if (!n || factor == 0 || *n * factor > 9e18) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(*n * factor));
}

/// 32 hexadecimal digits, in any case, as 16 bytes.
std::optional<std::string> id_of(std::string text) {
  for (char& c : text)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  otlp::trace_id id;
  if (!telemetry::read_hex(text, id)) return std::nullopt;
  return std::string(id.begin(), id.end());
}

json sum_json(const found_trace& of) {
  return {{"trace_id", of.id},
          {"root_name", of.root_name},
          {"root_service", of.root_service},
          {"rooted", of.rooted},
          {"start_ns", std::to_string(of.start_ns)},
          {"duration_ns", of.end_ns - of.start_ns},
          {"span_count", of.spans},
          {"error_count", of.errors}};
}

answer traces(trace_reader& of, const http::server_request& asked, std::int64_t now_ms) {
  const auto range = times(asked, now_ms);
  if (!range) return failed(400, range.error().message);
  trace_question which{range->from_ns, range->to_ns, std::string(asked.parameter("service")),
                       std::string(asked.parameter("name"))};
  if (const auto least = asked.parameter("min_duration"); !least.empty()) {
    const auto ns = duration(least);
    if (!ns) return failed(400, "min_duration must be a duration like 250ms, or seconds");
    which.min_duration_ns = *ns;
  }
  const auto errors = asked.parameter("errors");
  if (!errors.empty() && errors != "true" && errors != "false" && errors != "1" && errors != "0")
    return failed(400, "errors must be true or false");
  which.only_errors = errors == "true" || errors == "1";
  const auto limit = count(asked.parameter("limit"), default_limit, most_traces);
  if (!limit) return failed(400, "limit must be a number greater than 0");
  const auto found = of.list(which, *limit);
  if (!found) return failed(503, found.error().message);
  auto all = json::array();
  for (const auto& one : found->traces)
    all.push_back(sum_json(one));
  return {200, dump({{"traces", std::move(all)}, {"truncated", found->truncated}})};
}

answer one_trace(trace_reader& of, const std::string& text) {
  const auto id = id_of(text);
  if (!id) return failed(400, "a trace's id has 32 hexadecimal digits, got \"" + text + "\"");
  const auto found = of.trace(*id);
  if (!found) return failed(503, found.error().message);
  if (!*found) return failed(404, "there is no trace " + text);
  const auto& whole = **found;
  std::set<std::string> services;
  for (const auto& one : whole.spans)
    services.insert(one.service);
  auto head = sum_json(whole.sum);
  head["services"] = services;
  head["truncated"] = whole.truncated;
  auto out = dump(head);
  out.back() = ',';
  return {200, out + "\"roots\":" + tree_json(whole.spans) + "}"};
}

}  // namespace

answer ask_traces(trace_reader& of, const std::string& path, const http::server_request& asked, std::int64_t now_ms) {
  const bool one = path.find('/') == std::string::npos;
  if (path.empty()) {
    if (auto ok = takes(asked, "traces", {"service", "name", "min_duration", "errors", "start", "end", "limit"}); !ok)
      return failed(400, ok.error().message);
    return traces(of, asked, now_ms);
  }
  if (one) {
    if (auto ok = takes(asked, path == "services" ? "traces/services" : "traces/ID", {}); !ok)
      return failed(400, ok.error().message);
    return path == "services" ? list("services", of.services()) : one_trace(of, path);
  }
  return failed(404, "nothing at \"traces/" + path + "\": there are traces, traces/services and traces/ID");
}

}  // namespace troupe::store
