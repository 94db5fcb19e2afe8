#include "protocol/http/verdict.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

namespace troupe::http {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Longer waits than a day are a mistake.
constexpr std::int64_t most_seconds = 24 * 3600;

/// Unix time of an HTTP date, in any of its three forms (RFC 9110, 5.6.7).
std::optional<std::int64_t> seconds_of(const std::string& text) {
  for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm date{};
    const char* rest = strptime(text.c_str(), form, &date);
    if (rest != nullptr && *rest == 0) return timegm(&date);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_retry_after(std::string_view header, std::int64_t now_ms) {
  if (header.empty()) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(header.data(), header.data() + header.size(), number);
  if (problem == std::errc() && end == header.data() + header.size()) {
    if (number <= 0) return std::nullopt;
    return seconds(std::min(number, most_seconds));
  }
  const auto then = seconds_of(std::string(header));
  if (!then) return std::nullopt;
  const std::int64_t wait = *then * 1000 - now_ms;
  if (wait <= 0) return std::nullopt;
  return milliseconds(std::min(wait, most_seconds * 1000));
}

verdict classify(int status, std::string_view retry_after, bool retry_on_429, std::int64_t now_unix_ms) {
  if (status == 0) return {verdict::kind::retry, std::nullopt};
  if (status / 100 == 2) return {verdict::kind::delivered, std::nullopt};
  if (status / 100 == 5 || (status == 429 && retry_on_429))
    return {verdict::kind::retry, parse_retry_after(retry_after, now_unix_ms)};
  return {verdict::kind::refused, std::nullopt};
}

}  // namespace troupe::http
