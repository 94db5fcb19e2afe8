#include "protocol/exposition/number.hpp"

#include "protocol/telemetry/number.hpp"

#include <charconv>
#include <cmath>
#include <system_error>

namespace troupe::exposition::detail {

const char* parse_any_value(const char* begin, const char* end, double& out) {
  return telemetry::parse_number(begin, end, out);
}

const char* parse_long_value(const char* begin, const char* end, bool negative, double& out) {
  double value = 0;
  const auto [stop, code] = std::from_chars(begin, end, value, std::chars_format::general);
  if (code != std::errc{} || stop != end || std::isinf(value)) {
    const char* const number_end = telemetry::parse_number(begin, end, value);
    if (number_end != end) return nullptr;
  }
  out = negative ? -value : value;
  return end;
}

}  // namespace troupe::exposition::detail
