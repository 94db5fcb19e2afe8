#include "protocol/exposition/negotiation.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

namespace troupe::exposition {
namespace {

struct protocol {
  std::string_view name;
  std::string_view media_type;
  std::string_view parameters;
  bool escaping;  // the scheme of escaping is asked for
};
constexpr std::array<protocol, 5> protocols{{
    {"PrometheusProto", "application/vnd.google.protobuf",
     ";proto=io.prometheus.client.MetricFamily;encoding=delimited", false},
    {"PrometheusText0.0.4", "text/plain", ";version=0.0.4", false},
    {"PrometheusText1.0.0", "text/plain", ";version=1.0.0", true},
    {"OpenMetricsText0.0.1", "application/openmetrics-text", ";version=0.0.1", false},
    {"OpenMetricsText1.0.0", "application/openmetrics-text", ";version=1.0.0", true},
}};

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return result;
}

bool is_token(std::string_view text) {
  constexpr std::string_view separators = "()<>@,;:\\\"/[]?=";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return c > ' ' && c < '\x7f' && separators.find(c) == std::string_view::npos;
  });
}

struct media_type {
  std::string name;  // lower case
  std::string version;
  double quality = 1;
};

/// The value of a parameter at the beginning of `rest`, which is moved behind it; nothing: malformed.
std::optional<std::string> take_parameter_value(std::string_view& rest) {
  std::string value;
  if (rest.starts_with('"')) {
    std::size_t i = 1;
    for (; i < rest.size() && rest[i] != '"'; ++i) {
      if (rest[i] == '\\' && ++i == rest.size()) return std::nullopt;
      value += rest[i];
    }
    if (i >= rest.size()) return std::nullopt;
    rest.remove_prefix(i + 1);
    return value;
  }
  value = trim(rest.substr(0, rest.find(';')));
  rest.remove_prefix(std::min(rest.size(), rest.find(';')));
  return is_token(value) ? std::optional(value) : std::nullopt;
}

std::optional<media_type> parse_media_type(std::string_view text) {
  media_type parsed;
  std::string_view rest = text;
  parsed.name = lower(trim(rest.substr(0, rest.find(';'))));
  rest.remove_prefix(std::min(rest.size(), rest.find(';')));
  const std::size_t slash = parsed.name.find('/');
  if (slash == std::string::npos || !is_token(std::string_view(parsed.name).substr(0, slash)) ||
      !is_token(std::string_view(parsed.name).substr(slash + 1))) {
    return std::nullopt;
  }
  std::set<std::string> seen;
  for (rest = trim(rest); !rest.empty(); rest = trim(rest)) {
    if (rest.front() != ';') return std::nullopt;
    rest = trim(rest.substr(1));
    if (rest.empty()) break;
    const std::size_t equal = rest.find('=');
    if (equal == std::string_view::npos) return std::nullopt;
    const std::string key = lower(trim(rest.substr(0, equal)));
    rest = trim(rest.substr(equal + 1));
    const auto value = take_parameter_value(rest);
    if (!value || !is_token(key) || !seen.insert(key).second) return std::nullopt;
    if (key == "version") parsed.version = *value;
    if (key == "q") {
      const char* const end = value->data() + value->size();
      const auto [stop, code] = std::from_chars(value->data(), end, parsed.quality);
      if (code != std::errc{} || stop != end) parsed.quality = 0;
    }
  }
  return parsed;
}

std::optional<format> format_of_media_type(std::string_view name) {
  if (name == "text/plain") return format::prometheus_text;
  if (name == "application/openmetrics-text") return format::open_metrics;
  return std::nullopt;
}

}  // namespace

std::string accept_header(const std::vector<std::string>& names, std::string_view escaping) {
  std::string header;
  // One more than there are protocols, down to 0.1 at least.
  int weight = static_cast<int>(protocols.size()) + 1;
  for (const auto& name : names) {
    const auto known = std::find_if(protocols.begin(), protocols.end(), [&](const auto& p) { return p.name == name; });
    if (known == protocols.end()) continue;
    header.append(known->media_type).append(known->parameters);
    if (known->escaping) header.append(";escaping=").append(escaping);
    header += ";q=0." + std::to_string(std::max(1, weight--)) + ",";
  }
  return header + "*/*;q=0." + std::to_string(std::max(1, weight));
}

result<format> format_of(std::string_view content_type, std::string_view fallback) {
  constexpr std::string_view protobuf = "application/vnd.google.protobuf";
  const auto sent = parse_media_type(content_type);
  if (sent) {
    if (const auto kind = format_of_media_type(sent->name)) return *kind;
    if (sent->name == protobuf) return failure("the target answered in protobuf, which is not supported");
  }
  const auto known =
      std::find_if(protocols.begin(), protocols.end(), [&](const auto& p) { return p.name == fallback; });
  if (known != protocols.end()) {
    if (const auto kind = format_of_media_type(known->media_type)) return *kind;
    return failure("the fallback protocol is protobuf, which is not supported");
  }
  const std::string what =
      content_type.empty()
          ? "sent no Content-Type"
          : "sent the Content-Type \"" + std::string(content_type.substr(0, 200)) + "\", which is no format of metrics";
  return failure("the target " + what + "; set scrape_fallback_protocol if it sends metrics nevertheless");
}

format negotiate(std::string_view accept) {
  format best = format::prometheus_text;
  double best_quality = 0;
  while (!accept.empty()) {
    const std::size_t comma = std::min(accept.find(','), accept.size());
    const auto asked = parse_media_type(trim(accept.substr(0, comma)));
    accept.remove_prefix(std::min(accept.size(), comma + 1));
    if (!asked || !(asked->quality > best_quality)) continue;
    const bool any = asked->name == "*/*" || asked->name == "text/*";
    const auto kind = any ? std::optional(format::prometheus_text) : format_of_media_type(asked->name);
    const bool other_version = kind == format::open_metrics && !asked->version.empty() && asked->version != "1.0.0";
    if (!kind || other_version) continue;
    best = *kind;
    best_quality = asked->quality;
  }
  return best;
}

std::string_view content_type(format kind) {
  return kind == format::open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                      : "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace troupe::exposition
