#include "actors/prometheus/scrape/target.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <iterator>
#include <optional>
#include <string_view>

#include "config/conversion.hpp"
#include "protocol/http/url.hpp"
#include "protocol/telemetry/series_text.hpp"
#include "protocol/telemetry/utf8.hpp"

namespace troupe::prometheus {

namespace {

constexpr std::string_view param_prefix = "__param_";

/// As Prometheus writes durations: `1d12h`, `90s`, `1m500ms`, whole numbers with units in this order; none: not so.
std::optional<std::int64_t> parse_duration_ns(std::string_view text) {
  struct unit {
    std::string_view name;
    std::int64_t ns;
  };
  constexpr std::int64_t second = 1'000'000'000, day = 24 * 3600 * second;
  constexpr unit units[] = {{"y", 365 * day},   {"w", 7 * day}, {"d", day},       {"h", 3600 * second},
                            {"m", 60 * second}, {"s", second},  {"ms", 1'000'000}};
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  std::int64_t sum = 0;
  for (const auto* next = std::begin(units); !text.empty();) {
    std::int64_t number = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (wrong != std::errc() || text.front() == '-') return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto name = text.substr(0, text.find_first_of("0123456789"));
    const auto* at = std::find_if(next, std::end(units), [&](const unit& one) { return one.name == name; });
    std::int64_t part = 0;
    if (at == std::end(units) || __builtin_mul_overflow(number, at->ns, &part) ||
        __builtin_add_overflow(sum, part, &sum))
      return std::nullopt;
    text.remove_prefix(name.size());
    next = at + 1;
  }
  return sum;
}

/// Of the target's own label where it has one.
result<std::int64_t> duration_of(const std::string& what, const std::string& label,
                                 std::chrono::nanoseconds otherwise) {
  if (label.empty()) return otherwise.count();
  const auto parsed = parse_duration_ns(label);
  if (!parsed) return failure("error parsing " + what + ": \"" + label + "\" is no duration such as 1m30s or 1d");
  if (*parsed == 0) return failure(what + " must be greater than 0");
  return *parsed;
}

/// The first value of each parameter can be replaced by a label; labels may add parameters.
http::query_parameters parameters_of(const scraping::arguments& arguments, const scraping::target_labels& labels) {
  auto params = arguments.params;
  for (const auto& [name, value] : labels) {
    if (name.compare(0, param_prefix.size(), param_prefix) != 0) continue;
    auto& values = params[name.substr(param_prefix.size())];
    if (values.empty()) {
      values.push_back(value);
    } else {
      values.front() = value;
    }
  }
  http::query_parameters flat;
  for (const auto& [name, values] : params) {
    for (const auto& value : values)
      flat.emplace_back(name, value);
  }
  return flat;
}

}  // namespace

result<target> make_target(const scraping::target_labels& labels, const scraping::arguments& arguments,
                           const std::string& job) {
  scraping::target_labels all = labels;
  const auto fallback = [&](const char* name, const std::string& value) {
    if (auto& own = all[name]; own.empty()) own = value;
  };
  fallback("job", job);
  fallback("__scheme__", arguments.scheme);
  fallback("__metrics_path__", arguments.metrics_path);
  for (const auto& [name, values] : arguments.params) {
    if (!values.empty()) fallback(("__param_" + name).c_str(), values.front());
  }
  const auto address = all.find("__address__");
  if (address == all.end() || address->second.empty()) return failure("no address");

  target made;
  const auto interval = duration_of("scrape interval", all["__scrape_interval__"], arguments.scrape_interval);
  if (!interval) return tl::unexpected(interval.error());
  const auto timeout = duration_of("scrape timeout", all["__scrape_timeout__"], arguments.scrape_timeout);
  if (!timeout) return tl::unexpected(timeout.error());
  if (*timeout > *interval) {
    const auto text = [](std::int64_t ns) { return config::print_duration(std::chrono::nanoseconds(ns)); };
    return failure("scrape timeout cannot be greater than scrape interval (" + text(*timeout) + " > " +
                   text(*interval) + ")");
  }
  made.interval_ns = *interval;
  made.timeout_ns = *timeout;
  const auto url =
      http::compose_url(all["__scheme__"], address->second, all["__metrics_path__"], parameters_of(arguments, all));
  if (!url) return tl::unexpected(url.error());
  made.url = *url;
  made.unix_socket = all["__unix_socket__"];

  fallback("instance", address->second);
  for (const auto& [name, value] : all) {
    if (name.compare(0, 2, "__") == 0) continue;
    if (!telemetry::is_valid_utf8(value)) return failure("invalid label value for \"" + name + "\"");
    if (!telemetry::is_valid_utf8(name) || name.empty()) return failure("invalid label name");
    made.labels.set(name, value);
  }
  return made;
}

}  // namespace troupe::prometheus
