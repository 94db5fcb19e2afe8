#include "config/number.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

namespace troupe::config {

namespace {

template <class T>
std::optional<T> parse_whole(std::string_view text, int base) {
  T parsed{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), parsed, base);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return parsed;
}

// Too large a float is an error, too small a one is zero, as everywhere.
std::optional<double> parse_float(std::string_view text) {
  double parsed = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (end != text.data() + text.size()) return std::nullopt;
  if (failed == std::errc{}) return parsed;
  if (failed != std::errc::result_out_of_range) return std::nullopt;
  const auto exponent = text.find_first_of("eE");
  const bool tiny = exponent != std::string_view::npos ? text.substr(exponent).find('-') != std::string_view::npos
                                                       : text.find_first_not_of("-0") == text.find('.');
  return tiny ? std::optional<double>(0.0) : std::nullopt;
}

// The shortest digits that read back, then zeros; to_chars would spell out every digit of a large number.
std::string without_exponent(double d) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, std::fabs(d), std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(), exponent);
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  if (exponent < 0) {
    digits.insert(0, "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0'));
  } else {
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() < whole) digits.append(whole - digits.size(), '0');
    if (digits.size() > whole) digits.insert(whole, ".");
  }
  return std::signbit(d) ? "-" + digits : digits;
}

constexpr double two_to_63 = 9223372036854775808.0;
constexpr double two_to_64 = 18446744073709551616.0;

}  // namespace

std::int64_t number::to_int64() const {
  if (const auto* i = std::get_if<std::int64_t>(&v_)) return *i;
  if (const auto* u = std::get_if<std::uint64_t>(&v_)) return static_cast<std::int64_t>(*u);
  const double d = std::get<double>(v_);
  if (std::isnan(d)) return 0;
  if (d >= two_to_63) return std::numeric_limits<std::int64_t>::max();
  if (d < -two_to_63) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(d);
}

std::uint64_t number::to_uint64() const {
  if (const auto* i = std::get_if<std::int64_t>(&v_)) return static_cast<std::uint64_t>(*i);
  if (const auto* u = std::get_if<std::uint64_t>(&v_)) return *u;
  const double d = std::get<double>(v_);
  if (std::isnan(d) || d <= 0) return 0;
  return d >= two_to_64 ? std::numeric_limits<std::uint64_t>::max() : static_cast<std::uint64_t>(d);
}

double number::to_double() const {
  return std::visit([](auto v) { return static_cast<double>(v); }, v_);
}

std::optional<std::int64_t> number::exact_int64() const {
  if (is_signed()) return std::get<std::int64_t>(v_);
  if (is_unsigned()) {
    const auto u = std::get<std::uint64_t>(v_);
    if (u > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(u);
  }
  const double d = std::get<double>(v_);
  if (!(d >= -two_to_63 && d < two_to_63) || std::trunc(d) != d) return std::nullopt;
  return static_cast<std::int64_t>(d);
}

std::optional<std::uint64_t> number::exact_uint64() const {
  if (is_unsigned()) return std::get<std::uint64_t>(v_);
  if (is_signed()) {
    const auto i = std::get<std::int64_t>(v_);
    if (i < 0) return std::nullopt;
    return static_cast<std::uint64_t>(i);
  }
  const double d = std::get<double>(v_);
  if (!(d >= 0 && d < two_to_64) || std::trunc(d) != d) return std::nullopt;
  return static_cast<std::uint64_t>(d);
}

std::string number::text() const {
  if (const auto* i = std::get_if<std::int64_t>(&v_)) return std::to_string(*i);
  if (const auto* u = std::get_if<std::uint64_t>(&v_)) return std::to_string(*u);
  const double d = std::get<double>(v_);
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d > 0 ? "+Inf" : "-Inf";
  return without_exponent(d);
}

bool operator==(const number& a, const number& b) {
  if (a.is_float() || b.is_float()) return a.to_double() == b.to_double();
  if (a.is_signed() != b.is_signed()) {
    // The wider kind is the signed one; a value beyond it wraps in Alloy and would equal a negative number.
    const number& i = a.is_signed() ? a : b;
    if (i.to_int64() < 0) return false;
  }
  return a.to_uint64() == b.to_uint64();
}

std::optional<number> number_from_text(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text[0] == '-') {
    if (text.size() < 2 || text[1] == '-') return std::nullopt;
    if (const auto i = parse_whole<std::int64_t>(text, 10)) return number(*i);
    return std::nullopt;
  }
  if (text.find_first_of(".eE") != std::string_view::npos) {
    if (text[0] == '+') text.remove_prefix(1);
    // from_chars would take these, and they aren't numbers that contain a dot or an exponent.
    if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
    if (const auto d = parse_float(text)) return number(*d);
    return std::nullopt;
  }
  if (const auto u = parse_whole<std::uint64_t>(text, 10)) return number(*u);
  return std::nullopt;
}

std::optional<number> number_from_literal(std::string_view text, bool floating) {
  if (!floating) {
    const int base = text.size() > 1 && text[0] == '0' ? 8 : 10;
    if (const auto i = parse_whole<std::int64_t>(text, base)) return number(*i);
    if (const auto u = parse_whole<std::uint64_t>(text, base)) return number(*u);
  }
  if (const auto d = parse_float(text)) return number(*d);
  return std::nullopt;
}

}  // namespace troupe::config
