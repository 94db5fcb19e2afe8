#include "actors/store/local/api_parameters.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace troupe::store {

namespace {

using nlohmann::json;

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::size_t digits_of_ns = 16;
constexpr double most_seconds = 9e9;  // in nanoseconds it fits

std::optional<std::int64_t> time(std::string_view text) {
  if (text.size() >= digits_of_ns && text.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t ns = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), ns);
    if (problem != std::errc() || ns > static_cast<std::int64_t>(most_seconds) * second_ns) return std::nullopt;
    return ns;
  }
  const auto seconds = text.empty() ? std::nullopt : number(text, 0);
  if (!seconds || std::fabs(*seconds) > most_seconds) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(*seconds * 1e6)) * 1000;
}

}  // namespace

std::string dump(const json& j) {
  return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

answer failed(int status, const std::string& why) {
  return {status, error_json(why)};
}

std::string error_json(const std::string& why) {
  return dump({{"error", why}});
}

json labels_json(const telemetry::label_set& labels) {
  auto all = json::object();
  for (const auto& [name, value] : labels)
    all[name] = value;
  return all;
}

answer list(const char* name, const result<text_list>& found) {
  if (!found) return failed(503, found.error().message);
  json all{{name, found->texts}};
  if (found->truncated) all["truncated"] = true;
  return {200, dump(all)};
}

std::optional<double> number(std::string_view text, double otherwise) {
  if (text.empty()) return otherwise;
  double n = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (problem != std::errc() || end != text.data() + text.size() || !std::isfinite(n) || std::fabs(n) > 1e12)
    return std::nullopt;
  return n;
}

std::optional<std::size_t> count(std::string_view text, std::size_t otherwise, std::size_t most) {
  const auto n = number(text, static_cast<double>(otherwise));
  if (!n || *n < 1) return std::nullopt;
  return std::min(static_cast<std::size_t>(*n), most);
}

result<time_range> times(const http::server_request& question, std::int64_t now_ms) {
  const auto given = [&](const char* name, const char* also, std::int64_t otherwise) -> result<std::int64_t> {
    auto text = question.parameter(name);
    if (text.empty()) text = question.parameter(also);
    if (text.empty()) return otherwise;
    const auto read = time(text);
    if (!read)
      return failure(std::string(name) + " must be Unix seconds or nanoseconds, got \"" + std::string(text) + "\"");
    return *read;
  };
  const auto to = given("end", "to", now_ms * 1'000'000);
  if (!to) return tl::unexpected(to.error());
  const auto from = given("start", "from", *to - 3600 * second_ns);
  if (!from) return tl::unexpected(from.error());
  if (*from > *to) return failure("start must not be after end");
  return time_range{*from, *to};
}

std::optional<std::string> between(std::string_view path, std::string_view prefix, std::string_view suffix) {
  if (path.size() <= prefix.size() + suffix.size() || !path.starts_with(prefix) || !path.ends_with(suffix))
    return std::nullopt;
  return std::string(path.substr(prefix.size(), path.size() - prefix.size() - suffix.size()));
}

}  // namespace troupe::store
