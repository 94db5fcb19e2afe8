#include "actors/store/local/api_parameters.hpp"

#include "protocol/http/header_name.hpp"
#include "protocol/http/url.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace troupe::store {

namespace {

using nlohmann::json;

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::size_t digits_of_ns = 16;
constexpr std::size_t most_selectors = 64;
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

/// `name`, or `also`, which means the same; nothing: none is given.
result<std::optional<std::int64_t>> time_of(const http::server_request& question, std::string_view name,
                                            std::string_view also) {
  const auto text = question.parameter(name), other = question.parameter(also);
  if (text.empty() && other.empty()) return std::nullopt;
  if (!text.empty() && !other.empty())
    return failure(std::string(name) + " and " + std::string(also) + " are the same: give one of them");
  const auto read = time(text.empty() ? other : text);
  if (read) return read;
  return failure(std::string(text.empty() ? also : name) + " must be Unix seconds or nanoseconds, got \"" +
                 std::string(text.empty() ? other : text) + "\"");
}

}  // namespace

result<http::server_request> with_form(http::server_request question) {
  if (question.body.empty()) return question;
  constexpr std::string_view form = "application/x-www-form-urlencoded";
  auto type = question.header("Content-Type");
  type = type.substr(0, type.find_first_of("; "));
  if (!http::same_name(type, form))
    return failure("the body must be a form, " + std::string(form) + ", got \"" + std::string(type) + "\"");
  for (auto& one : http::decode_query(std::exchange(question.body, {})))
    question.query.push_back(std::move(one));
  return question;
}

result<void> takes(const http::server_request& question, std::string_view path,
                   std::initializer_list<std::string_view> names) {
  const auto has = [&](std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  const auto& all = question.query;
  for (auto one = all.begin(); one != all.end(); ++one) {
    const auto& name = one->first;
    if (has("match[]") && (name == "match" || name == "match[]")) continue;
    if (has(name) || (name == "from" && has("start")) || (name == "to" && has("end"))) {
      const bool again = std::any_of(all.begin(), one, [&](const auto& before) { return before.first == name; });
      if (again) return failure(name + " is given more than once: " + std::string(path) + " takes one");
      continue;
    }
    std::string known;
    for (const auto& each : names)
      known += (known.empty() ? "" : ", ") + std::string(each == "match[]" ? "match" : each);
    return failure("unknown parameter \"" + name + "\": " + std::string(path) + " takes " +
                   (known.empty() ? "none" : known));
  }
  return {};
}

result<selectors> matches(const http::server_request& question) {
  selectors all;
  for (const auto& [name, text] : question.query) {
    if ((name != "match" && name != "match[]") || text.empty()) continue;
    auto one = selector::parse(text);
    if (!one) return failure("match: " + one.error().message);
    all.push_back(std::move(*one));
    if (all.size() > most_selectors)
      return failure("match is given more than " + std::to_string(most_selectors) + " times");
  }
  return all;
}

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
  const auto to = time_of(question, "end", "to");
  if (!to) return tl::unexpected(to.error());
  const auto from = time_of(question, "start", "from");
  if (!from) return tl::unexpected(from.error());
  const auto end = to->value_or(now_ms * 1'000'000);
  const auto start = from->value_or(end - 3600 * second_ns);
  if (start > end) return failure("start must not be after end");
  return time_range{start, end};
}

result<std::optional<time_range>> times_given(const http::server_request& question) {
  const auto to = time_of(question, "end", "to");
  if (!to) return tl::unexpected(to.error());
  const auto from = time_of(question, "start", "from");
  if (!from) return tl::unexpected(from.error());
  if (!*to && !*from) return std::nullopt;
  using all = std::numeric_limits<std::int64_t>;
  const time_range made{from->value_or(all::min()), to->value_or(all::max())};
  if (made.from_ns > made.to_ns) return failure("start must not be after end");
  return made;
}

std::optional<std::string> between(std::string_view path, std::string_view prefix, std::string_view suffix) {
  if (path.size() <= prefix.size() + suffix.size() || !path.starts_with(prefix) || !path.ends_with(suffix))
    return std::nullopt;
  return std::string(path.substr(prefix.size(), path.size() - prefix.size() - suffix.size()));
}

}  // namespace troupe::store
