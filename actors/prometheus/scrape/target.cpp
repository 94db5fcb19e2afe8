#include "actors/prometheus/scrape/target.hpp"

#include "config/conversion.hpp"
#include "protocol/http/url.hpp"
#include "protocol/telemetry/series_text.hpp"
#include "protocol/telemetry/utf8.hpp"

namespace troupe::prometheus {

namespace {

constexpr std::string_view param_prefix = "__param_";

result<std::int64_t> duration_of(const std::string& label, const std::string& text) {
  const auto parsed = config::parse_duration(text);
  if (!parsed) return failure("error parsing " + label + ": " + parsed.error());
  if (parsed->count() <= 0) return failure(label + " must be greater than 0");
  return parsed->count();
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
  fallback("__scrape_interval__", config::print_duration(arguments.scrape_interval));
  fallback("__scrape_timeout__", config::print_duration(arguments.scrape_timeout));
  for (const auto& [name, values] : arguments.params) {
    if (!values.empty()) fallback(("__param_" + name).c_str(), values.front());
  }
  const auto address = all.find("__address__");
  if (address == all.end() || address->second.empty()) return failure("no address");

  target made;
  const auto interval = duration_of("scrape interval", all["__scrape_interval__"]);
  if (!interval) return tl::unexpected(interval.error());
  const auto timeout = duration_of("scrape timeout", all["__scrape_timeout__"]);
  if (!timeout) return tl::unexpected(timeout.error());
  if (*timeout > *interval) {
    return failure("scrape timeout cannot be greater than scrape interval (\"" + all["__scrape_timeout__"] + "\" > \"" +
                   all["__scrape_interval__"] + "\")");
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
