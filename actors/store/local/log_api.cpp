#include "actors/store/local/log_api.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <optional>

#include "actors/store/local/api_parameters.hpp"

namespace troupe::store {

namespace {

using nlohmann::json;

constexpr std::size_t default_limit = 100, most_lines = 5000, most_series = 100'000;
constexpr std::int64_t default_steps = 60, most_steps = 2000;
constexpr std::size_t most_pattern = 4096;

/// What is asked for, with the selector that it refers to.
struct question {
  std::optional<selector> match;
  log_question which;
};

/// `query`, or `match`, which means the same.
result<void> read_match(const http::server_request& asked, question& into) {
  const auto query = asked.parameter("query"), match = asked.parameter("match");
  if (!query.empty() && !match.empty()) return failure("query and match are the same: give one of them");
  const auto text = query.empty() ? match : query;
  std::string bare(text);
  std::erase_if(bare, [](unsigned char c) { return std::isspace(c) != 0; });
  if (bare.empty() || bare == "{}") return {};  // everything
  auto parsed = selector::parse(text);
  if (!parsed) return failure((query.empty() ? "match: " : "query: ") + parsed.error().message);
  into.match = std::move(*parsed);
  into.which.match = &*into.match;
  return {};
}

result<void> read(const http::server_request& asked, std::int64_t now_ms, question& into) {
  if (auto ok = read_match(asked, into); !ok) return ok;
  const auto range = times(asked, now_ms);
  if (!range) return tl::unexpected(range.error());
  into.which.from_ns = range->from_ns;
  into.which.to_ns = range->to_ns;
  into.which.lines.contains = asked.parameter("contains");
  const std::string regex(asked.parameter("regex"));
  if (regex.size() > most_pattern || into.which.lines.contains.size() > most_pattern)
    return failure("contains and regex must not be longer than " + std::to_string(most_pattern) + " bytes");
  if (!regex.empty()) {
    if (auto ok = into.which.lines.set_regex(regex); !ok) return failure("regex: " + ok.error().message);
  }
  auto& trace = into.which.lines.trace_id;
  trace = asked.parameter("trace_id");
  const auto hex = [](unsigned char c) { return std::isxdigit(c) != 0; };
  if (!trace.empty() && ((trace.size() != 32 && trace.size() != 16) || !std::all_of(trace.begin(), trace.end(), hex)))
    return failure("trace_id must be 32 hexadecimal digits, got \"" + trace + "\"");
  std::transform(trace.begin(), trace.end(), trace.begin(), [](unsigned char c) { return std::tolower(c); });
  return {};
}

json line_json(const log_reader::line& one) {
  auto made = json::array({std::to_string(one.time_ns), one.text});
  if (!one.metadata.empty()) {
    auto all = json::object();
    for (const auto& [name, value] : one.metadata)
      all[name] = value;
    made.push_back({{"structuredMetadata", std::move(all)}});
  }
  return made;
}

answer entries(log_reader& of, const http::server_request& asked, const log_question& which) {
  const auto limit = count(asked.parameter("limit"), default_limit, most_lines);
  if (!limit) return failed(400, "limit must be a number greater than 0");
  const auto direction = asked.parameter("direction");
  if (!direction.empty() && direction != "backward" && direction != "forward")
    return failed(400, "direction must be \"backward\" (the newest first) or \"forward\"");
  const auto found = of.entries(which, *limit, direction != "forward");
  if (!found) return failed(503, found.error().message);
  // The text grows line by line: as a tree of values it would take many times its size.
  std::string out = R"({"status":"success","data":{"resultType":"streams","result":[)";
  for (std::size_t i = 0; i < found->streams.size(); ++i) {
    const auto& stream = found->streams[i];
    out += std::string(i > 0 ? "," : "") + "{\"stream\":" + dump(labels_json(stream.labels)) + ",\"values\":[";
    for (std::size_t k = 0; k < stream.lines.size(); ++k) {
      if (k > 0) out += ',';
      out += dump(line_json(stream.lines[k]));
    }
    out += "]}";
  }
  out += std::string("],\"stats\":{}},\"truncated\":") + (found->truncated ? "true}" : "false}");
  return {200, std::move(out)};
}

answer histogram(log_reader& of, const http::server_request& asked, const log_question& which) {
  const auto length = static_cast<double>(which.to_ns - which.from_ns) / 1e9;
  const auto step = number(asked.parameter("step"), std::max(1.0, std::ceil(length / default_steps)));
  if (!step || *step <= 0) return failed(400, "step must be seconds, more than 0");
  if (*step * 1e9 < 1e6 || length / *step >= static_cast<double>(most_steps))
    return failed(400, "step is too short: at most " + std::to_string(most_steps) + " steps fit between start and end");
  const auto step_ns = static_cast<std::int64_t>(std::llround(*step * 1e3)) * 1'000'000;
  const auto counted = of.histogram(which, step_ns, std::string(asked.parameter("by")));
  if (!counted) return failed(503, counted.error().message);
  auto all = json::array();
  for (const auto& [value, numbers] : *counted) {
    auto points = json::array();
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const auto at = static_cast<double>(which.from_ns + static_cast<std::int64_t>(i) * step_ns) / 1e9;
      points.push_back({at, numbers[i]});
    }
    all.push_back({{"value", value}, {"counts", std::move(points)}});
  }
  return {200, dump({{"step", static_cast<double>(step_ns) / 1e9}, {"series", std::move(all)}})};
}

answer series(log_reader& of, const http::server_request& asked, const log_question& which) {
  const auto limit = count(asked.parameter("limit"), 1000, most_series);
  if (!limit) return failed(400, "limit must be a number greater than 0");
  const auto found = of.series(which, *limit);
  if (!found) return failed(503, found.error().message);
  auto all = json::array();
  for (const auto& one : found->all)
    all.push_back(labels_json(one));
  return {200, dump({{"series", std::move(all)}, {"truncated", found->truncated}})};
}

/// Names, or the values of one of them. Without a question of the streams that have ever been.
answer labels(log_reader& of, const std::string* name, const http::server_request& asked) {
  question which;
  if (auto ok = read_match(asked, which); !ok) return failed(400, ok.error().message);
  const auto range = times_given(asked);
  if (!range) return failed(400, range.error().message);
  using all = std::numeric_limits<std::int64_t>;
  const auto given = range->value_or(time_range{all::min(), all::max()});
  which.which.from_ns = given.from_ns;
  which.which.to_ns = given.to_ns;
  const auto* const narrowed = which.match || *range ? &which.which : nullptr;
  return name ? list("values", of.label_values(narrowed, *name)) : list("labels", of.label_names(narrowed));
}

/// What stands below `logs`, with the parameters that it takes.
result<void> check(const http::server_request& asked, const std::string& path) {
  if (path.empty())
    return takes(asked, "logs",
                 {"query", "match", "contains", "regex", "trace_id", "start", "end", "limit", "direction"});
  if (path == "histogram")
    return takes(asked, "logs/histogram",
                 {"query", "match", "contains", "regex", "trace_id", "start", "end", "step", "by"});
  if (path == "series") return takes(asked, "logs/series", {"query", "match", "start", "end", "limit"});
  return takes(asked, "logs/" + path, {"query", "match", "start", "end"});
}

}  // namespace

answer ask_logs(log_reader& of, const std::string& path, const http::server_request& asked, std::int64_t now_ms) {
  const auto name = between(path, "label/", "/values");
  if (!path.empty() && path != "histogram" && path != "series" && path != "labels" && !name)
    return failed(404, "nothing at \"logs/" + path +
                           "\": there are logs, logs/histogram, logs/series, logs/labels and logs/label/NAME/values");
  if (auto ok = check(asked, path); !ok) return failed(400, ok.error().message);
  if (path == "labels" || name) return labels(of, name ? &*name : nullptr, asked);
  question which;
  if (auto ok = read(asked, now_ms, which); !ok) return failed(400, ok.error().message);
  if (path == "histogram") return histogram(of, asked, which.which);
  if (path == "series") return series(of, asked, which.which);
  return entries(of, asked, which.which);
}

}  // namespace troupe::store
