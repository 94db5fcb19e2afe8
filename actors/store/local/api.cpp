#include "actors/store/local/api.hpp"

#include <cmath>

#include "actors/store/local/api_parameters.hpp"
#include "protocol/telemetry/value.hpp"

namespace troupe::store {

namespace {

using nlohmann::json;

constexpr std::size_t default_limit = 1000, most_limit = 100'000;
constexpr std::size_t default_points = 500, most_points = 100'000;  // per series
constexpr std::size_t most_samples = 1'000'000;                     // of one answer
constexpr std::int64_t ns_per_ms = 1'000'000;

json value_json(double value) {
  if (telemetry::is_stale(value)) return nullptr;
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return value;
}

series_question::times in_ms(const time_range& range) {
  const auto up = [](std::int64_t ns) { return ns / ns_per_ms + (ns % ns_per_ms > 0 ? 1 : 0); };
  const auto down = [](std::int64_t ns) { return ns / ns_per_ms - (ns % ns_per_ms < 0 ? 1 : 0); };
  return {up(range.from_ns), down(range.to_ns)};
}

/// `match`, `start` and `end`.
result<series_question> which_series(const http::server_request& question) {
  auto match = matches(question);
  if (!match) return tl::unexpected(match.error());
  const auto range = times_given(question);
  if (!range) return tl::unexpected(range.error());
  series_question made{std::move(*match)};
  if (*range) made.having = in_ms(**range);
  return made;
}

constexpr const char* limit_is_none = "limit must be a number greater than 0";
constexpr const char* match_is_missing = "match is missing: a selector such as up{job=\"a\"}";

answer series(reader& of, const http::server_request& question) {
  if (auto ok = takes(question, "series", {"match[]", "start", "end", "limit"}); !ok)
    return failed(400, ok.error().message);
  const auto which = which_series(question);
  if (!which) return failed(400, which.error().message);
  if (which->match.empty()) return failed(400, match_is_missing);
  const auto limit = count(question.parameter("limit"), default_limit, most_limit);
  if (!limit) return failed(400, limit_is_none);
  const auto found = of.series(*which, *limit);
  if (!found) return failed(503, found.error().message);
  auto all = json::array();
  for (const auto& one : found->series)
    all.push_back(labels_json(one.labels));
  return {200, dump({{"series", std::move(all)}, {"truncated", found->truncated}})};
}

/// Names, or the values of one of them.
answer labels(reader& of, const std::string* name, const http::server_request& question) {
  if (auto ok = takes(question, name ? "label/NAME/values" : "labels", {"match[]", "start", "end", "limit"}); !ok)
    return failed(400, ok.error().message);
  const auto which = which_series(question);
  if (!which) return failed(400, which.error().message);
  const auto limit = count(question.parameter("limit"), most_texts, most_texts);
  if (!limit) return failed(400, limit_is_none);
  return name ? list("values", of.label_values(*which, *name, *limit)) : list("labels", of.label_names(*which, *limit));
}

answer samples(reader& of, const http::server_request& question, std::int64_t now_ms) {
  if (auto ok = takes(question, "samples", {"match[]", "start", "end", "limit", "points"}); !ok)
    return failed(400, ok.error().message);
  auto match = matches(question);
  if (!match) return failed(400, match.error().message);
  if (match->empty()) return failed(400, match_is_missing);
  const auto range = times(question, now_ms);
  if (!range) return failed(400, range.error().message);
  const auto limit = count(question.parameter("limit"), default_limit, most_limit);
  if (!limit) return failed(400, limit_is_none);
  const auto points = count(question.parameter("points"), default_points, most_points);
  if (!points) return failed(400, "points must be a number greater than 0");
  // Only those count that have samples in this time: what targets were called before must not hide what they are now.
  auto found = of.series({std::move(*match)}, most_limit);
  if (!found) return failed(503, found.error().message);
  const auto [from_ms, to_ms] = in_ms(*range);
  std::vector<std::int64_t> ids;
  for (const auto& one : found->series)
    ids.push_back(one.id);
  // The text grows series by series: as a tree of values it would take many times its size.
  std::string out = "{\"series\":[";
  std::size_t sum = 0, shown = 0;
  const auto read = of.samples(ids, from_ms, to_ms, [&](std::size_t index, const std::vector<sample>& all) {
    auto list = json::array();
    for (const auto& s : thin(all, *points))
      list.push_back({static_cast<double>(s.time_ms) / 1000, value_json(s.value)});
    if (list.empty()) return true;
    if (shown++ == *limit || sum + list.size() > most_samples) {
      found->truncated = true;
      return false;
    }
    if (sum > 0) out += ',';
    sum += list.size();
    out += dump({{"labels", labels_json(found->series[index].labels)}, {"samples", std::move(list)}});
    return true;
  });
  if (!read) return failed(503, read.error().message);
  out += std::string("],\"truncated\":") + (found->truncated ? "true}" : "false}");
  return {200, std::move(out)};
}

answer metadata(reader& of, const http::server_request& question) {
  if (auto ok = takes(question, "metadata", {"match[]", "start", "end"}); !ok) return failed(400, ok.error().message);
  const auto which = which_series(question);
  if (!which) return failed(400, which.error().message);
  const auto families = of.families(*which);
  if (!families) return failed(503, families.error().message);
  constexpr const char* types[] = {"unknown",        "counter", "gauge", "histogram",
                                   "gaugehistogram", "summary", "info",  "stateset"};
  auto all = json::array();
  for (const auto& one : *families) {
    all.push_back(
        {{"name", one.name}, {"type", types[one.type >= 0 && one.type < 8 ? one.type : 0]}, {"help", one.help}});
  }
  return {200, dump({{"metadata", std::move(all)}})};
}

}  // namespace

answer ask(reader& of, const std::string& path, const http::server_request& question, std::int64_t now_ms) {
  if (path == "series") return series(of, question);
  if (path == "samples") return samples(of, question, now_ms);
  if (path == "labels") return labels(of, nullptr, question);
  if (path == "metadata") return metadata(of, question);
  if (const auto name = between(path, "label/", "/values")) return labels(of, &*name, question);
  return failed(404, "nothing at \"" + path +
                         "\": there are series, samples, labels, label/NAME/values, metadata, stats, logs and traces");
}

}  // namespace troupe::store
