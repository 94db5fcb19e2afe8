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

json value_json(double value) {
  if (telemetry::is_stale(value)) return nullptr;
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return value;
}

answer series(reader& of, const http::server_request& question) {
  const auto which = selector::parse(question.parameter("match"));
  if (!which) return failed(400, "match: " + which.error().message);
  const auto limit = count(question.parameter("limit"), default_limit, most_limit);
  if (!limit) return failed(400, "limit must be a number greater than 0");
  const auto found = of.series(*which, *limit);
  if (!found) return failed(503, found.error().message);
  auto all = json::array();
  for (const auto& one : found->series)
    all.push_back(labels_json(one.labels));
  return {200, dump({{"series", std::move(all)}, {"truncated", found->truncated}})};
}

answer samples(reader& of, const http::server_request& question, std::int64_t now_ms) {
  const auto which = selector::parse(question.parameter("match"));
  if (!which) return failed(400, "match: " + which.error().message);
  const auto to = number(question.parameter("to"), static_cast<double>(now_ms) / 1000);
  const auto from = to ? number(question.parameter("from"), *to - 3600) : std::nullopt;
  if (!to || !from || *from > *to) return failed(400, "from and to must be Unix seconds, from before to");
  const auto limit = count(question.parameter("limit"), default_limit, most_limit);
  const auto points = count(question.parameter("points"), default_points, most_points);
  if (!limit || !points) return failed(400, "limit and points must be numbers greater than 0");
  // Only those count that have samples in this time: what targets were called before must not hide what they are now.
  auto found = of.series(*which, most_limit);
  if (!found) return failed(503, found.error().message);
  const auto from_ms = static_cast<std::int64_t>(std::llround(*from * 1000)),
             to_ms = static_cast<std::int64_t>(std::llround(*to * 1000));
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

answer metadata(reader& of) {
  const auto families = of.families();
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
  if (path == "labels") return list("labels", of.label_names());
  if (path == "metadata") return metadata(of);
  if (path == "stats") {
    const auto stats = of.stats();
    return stats ? answer{200, dump(*stats)} : failed(503, stats.error().message);
  }
  if (const auto name = between(path, "label/", "/values")) return list("values", of.label_values(*name));
  return failed(404, "nothing at \"" + path +
                         "\": there are series, samples, labels, label/NAME/values, metadata, stats, logs and traces");
}

}  // namespace troupe::store
