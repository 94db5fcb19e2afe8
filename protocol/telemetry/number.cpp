#include "protocol/telemetry/number.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <system_error>

#include "protocol/telemetry/value.hpp"

namespace troupe::telemetry {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

const char* ends_here(const char* p, const char* end) {
  return p == end || *p == ' ' || *p == '\n' || *p == '\t' ? p : nullptr;
}

/// Skips `word` (lower case) in any case; null if it is not there.
const char* skip_word(const char* p, const char* end, std::string_view word) {
  if (end - p < static_cast<std::ptrdiff_t>(word.size())) return nullptr;
  for (const char c : word) {
    if ((*p | 0x20) != c) return nullptr;
    ++p;
  }
  return p;
}

const char* parse_word(const char* p, const char* end, char sign, double& out) {
  if (const char* nan = sign == 0 ? skip_word(p, end, "nan") : nullptr) {
    out = normal_nan();
    return ends_here(nan, end);
  }
  const char* inf = skip_word(p, end, "infinity");
  if (inf == nullptr) inf = skip_word(p, end, "inf");
  if (inf == nullptr) return nullptr;
  out = sign == '-' ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  return ends_here(inf, end);
}

/// What the text of a decimal number says, as far as its magnitude goes.
struct decimal {
  const char* end = nullptr;   // null: not a number
  bool zero = true;            // no digit but 0
  std::int64_t magnitude = 0;  // the first digit that is not 0 stands for 10^magnitude
};

decimal scan_decimal(const char* p, const char* end) {
  constexpr std::int64_t exponent_bound = std::int64_t{1} << 40;
  decimal seen;
  std::int64_t integer_digits = 0;
  std::int64_t leading_zeros = 0;
  bool any = false;
  bool point = false;
  for (; p != end; ++p) {
    if (*p == '.' && !point) {
      point = true;
      continue;
    }
    if (!is_digit(*p)) break;
    any = true;
    seen.zero = seen.zero && *p == '0';
    leading_zeros += seen.zero ? 1 : 0;
    integer_digits += point ? 0 : 1;
  }
  if (!any) return {};
  std::int64_t exponent = 0;
  if (p != end && (*p | 0x20) == 'e') {
    ++p;
    const bool negative = p != end && *p == '-';
    if (p != end && (*p == '-' || *p == '+')) ++p;
    if (p == end || !is_digit(*p)) return {};
    for (; p != end && is_digit(*p); ++p) {
      if (exponent < exponent_bound) exponent = exponent * 10 + (*p - '0');
    }
    if (negative) exponent = -exponent;
  }
  seen.magnitude = integer_digits - leading_zeros - 1 + exponent;
  seen.end = ends_here(p, end);
  return seen;
}

}  // namespace

const char* parse_number(const char* begin, const char* end, double& out) {
  const char* p = begin;
  char sign = 0;
  if (p != end && (*p == '+' || *p == '-')) sign = *p++;
  if (p == end) return nullptr;
  if (!is_digit(*p) && *p != '.') return parse_word(p, end, sign, out);

  const decimal seen = scan_decimal(p, end);
  if (seen.end == nullptr) return nullptr;
  double value = 0;
  if (!seen.zero) {
    if (seen.magnitude > 308) return nullptr;
    if (seen.magnitude >= -325) {
      const auto [stop, code] = std::from_chars(p, seen.end, value, std::chars_format::general);
      if (code == std::errc::result_out_of_range) {
        // Debian 12's library says so for numbers that are too small, too.
        if (seen.magnitude > 0) return nullptr;
        value = 0;
      } else if (code != std::errc{} || stop != seen.end || std::isinf(value)) {
        return nullptr;
      }
    }
  }
  out = sign == '-' ? -value : value;
  return seen.end;
}

void append_number(double value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  char buffer[40];
  char* const last = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  // Go chooses the notation by the exponent alone; the standard library by the length.
  const char* const mark = static_cast<const char*>(std::memchr(buffer, 'e', static_cast<std::size_t>(last - buffer)));
  int exponent = 0;
  std::from_chars(mark + (mark[1] == '+' ? 2 : 1), last, exponent);
  if (exponent < -4 || exponent >= 6) {
    out.append(buffer, last);
    return;
  }
  char plain[64];
  out.append(plain, std::to_chars(plain, plain + sizeof plain, value, std::chars_format::fixed).ptr);
}

}  // namespace troupe::telemetry
