#include "config/conversion.hpp"

#include "config/unicode.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace troupe::config {

namespace {

constexpr const char* hidden = "secrets may not be converted into strings";

tl::unexpected<misfit> refuse(std::string message) {
  return tl::make_unexpected(misfit{std::move(message), {}});
}

tl::unexpected<misfit> refuse(kind wanted, const value& v) {
  return tl::make_unexpected(type_misfit(wanted, v));
}

// `expected capsule("…"), got …`
tl::unexpected<misfit> refuse_capsule(const char* type, const value& v) {
  return refuse("expected capsule(" + quoted(type) + "), got " + describe(v));
}

fitted<value> convert_string(const value& v) {
  if (v.as_string() != nullptr) return v;
  if (const number* n = v.as_number()) return value(n->text());
  if (v.as<secret>() != nullptr) return refuse(hidden);
  if (const auto maybe = v.as<optional_secret>()) {
    if (maybe->is_secret()) return refuse(hidden);
    return value(maybe->reveal());
  }
  return refuse(kind::string, v);
}

fitted<value> convert_number(const value& v) {
  if (v.as_number() != nullptr) return v;
  const std::string* text = v.as_string();
  const auto maybe = v.as<optional_secret>();
  if (text == nullptr && maybe != nullptr && !maybe->is_secret()) text = &maybe->reveal();
  if (text == nullptr) return refuse(kind::number, v);
  const auto parsed = number_from_text(*text);
  if (!parsed) return refuse(kind::number, v);
  return value(*parsed);
}

fitted<value> convert_object(const value& v) {
  if (v.as_object() != nullptr) return v;
  if (const auto c = v.as_capsule(); c != nullptr && c->fields() != nullptr) return value(*c->fields());
  return refuse(kind::object, v);
}

fitted<value> convert_secret(const value& v) {
  if (v.as<secret>() != nullptr) return v;
  if (const auto maybe = v.as<optional_secret>()) return make_secret(maybe->reveal());
  if (const std::string* text = v.as_string()) return make_secret(*text);
  if (v.is(kind::capsule)) return refuse_capsule("alloytypes.Secret", v);
  return refuse(kind::capsule, v);
}

fitted<value> convert_optional_secret(const value& v) {
  if (v.as<optional_secret>() != nullptr) return v;
  if (const auto s = v.as<secret>()) return make_optional_secret(s->reveal(), true);
  if (const std::string* text = v.as_string()) return make_optional_secret(*text, false);
  if (v.is(kind::capsule)) return refuse_capsule("alloytypes.OptionalSecret", v);
  return refuse(kind::capsule, v);
}

}  // namespace

fitted<value> convert(const value& v, wanted target) {
  if (v.is_null() || target == wanted::any) return v;
  const auto exactly = [&](kind k) -> fitted<value> {
    if (!v.is(k)) return refuse(k, v);
    return v;
  };
  switch (target) {
    case wanted::any:
      break;
    case wanted::string:
      return convert_string(v);
    case wanted::number:
      return convert_number(v);
    case wanted::object:
      return convert_object(v);
    case wanted::secret:
      return convert_secret(v);
    case wanted::optional_secret:
      return convert_optional_secret(v);
    case wanted::boolean:
      return exactly(kind::boolean);
    case wanted::array:
      return exactly(kind::array);
    case wanted::function:
      return exactly(kind::function);
    case wanted::capsule:
      return exactly(kind::capsule);
  }
  return v;
}

fitted<std::string> to_string(const value& v) {
  const auto converted = convert(v, wanted::string);
  if (!converted) return tl::make_unexpected(converted.error());
  return converted->is_null() ? std::string() : *converted->as_string();
}

fitted<std::string> to_secret_text(const value& v) {
  const auto converted = convert(v, wanted::secret);
  if (!converted) return tl::make_unexpected(converted.error());
  return converted->is_null() ? std::string() : converted->as<secret>()->reveal();
}

fitted<std::chrono::nanoseconds> to_duration(const value& v) {
  if (v.is_null()) return std::chrono::nanoseconds(0);
  const auto text = to_string(v);
  if (!text) return tl::make_unexpected(text.error());
  const auto parsed = parse_duration(*text);
  if (!parsed) return refuse(parsed.error());
  return *parsed;
}

namespace {

std::optional<std::uint64_t> duration_unit(std::string_view unit) {
  if (unit == "ns") return 1;
  if (unit == "us" || unit == "\u00B5s" || unit == "\u03BCs") return 1'000;
  if (unit == "ms") return 1'000'000;
  if (unit == "s") return 1'000'000'000;
  if (unit == "m") return 60'000'000'000;
  if (unit == "h") return 3'600'000'000'000;
  return std::nullopt;
}

bool is_decimal(char c) {
  return c >= '0' && c <= '9';
}

// One `1.5h` at the start of the text; nothing when it overflows or has no digits.
struct duration_part {
  std::uint64_t whole = 0;
  std::uint64_t fraction = 0;
  double scale = 1;  // what the fraction is divided by
};

std::optional<duration_part> take_number(std::string_view& text) {
  constexpr std::uint64_t limit = std::uint64_t{1} << 63;
  duration_part part;
  std::size_t digits = 0;
  for (; !text.empty() && is_decimal(text[0]); text.remove_prefix(1), ++digits) {
    if (part.whole > limit / 10) return std::nullopt;
    part.whole = part.whole * 10 + static_cast<std::uint64_t>(text[0] - '0');
    if (part.whole > limit) return std::nullopt;
  }
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    bool full = false;
    for (; !text.empty() && is_decimal(text[0]); text.remove_prefix(1), ++digits) {
      full = full || part.fraction > (limit - 1) / 10 - 1;
      if (full) continue;  // digits beyond what 64 bits hold change nothing
      part.fraction = part.fraction * 10 + static_cast<std::uint64_t>(text[0] - '0');
      part.scale *= 10;
    }
  }
  if (digits == 0) return std::nullopt;
  return part;
}

}  // namespace

tl::expected<std::chrono::nanoseconds, std::string> parse_duration(std::string_view whole) {
  constexpr std::uint64_t limit = std::uint64_t{1} << 63;
  const auto invalid = [&] { return tl::make_unexpected("time: invalid duration " + quoted(whole)); };
  std::string_view text = whole;
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty()) return invalid();
  std::uint64_t sum = 0;
  while (!text.empty()) {
    const auto part = take_number(text);
    if (!part) return invalid();
    const std::size_t end = text.find_first_of(".0123456789");
    const std::string_view unit = text.substr(0, end);
    if (unit.empty()) return tl::make_unexpected("time: missing unit in duration " + quoted(whole));
    const auto scale = duration_unit(unit);
    if (!scale) return tl::make_unexpected("time: unknown unit " + quoted(unit) + " in duration " + quoted(whole));
    text.remove_prefix(unit.size());
    if (part->whole > limit / *scale) return invalid();
    sum += part->whole * *scale;
    sum +=
        static_cast<std::uint64_t>(static_cast<double>(part->fraction) * (static_cast<double>(*scale) / part->scale));
    if (sum > limit) return invalid();
  }
  if (!negative && sum > limit - 1) return invalid();
  const auto count = static_cast<std::int64_t>(negative ? std::uint64_t{0} - sum : sum);
  return std::chrono::nanoseconds(count);
}

std::string print_duration(std::chrono::nanoseconds d) {
  const bool negative = d.count() < 0;
  std::uint64_t left =
      negative ? std::uint64_t{0} - static_cast<std::uint64_t>(d.count()) : static_cast<std::uint64_t>(d.count());
  if (left == 0) return "0s";
  const auto with_fraction = [](std::uint64_t count, std::uint64_t unit) {
    std::string text = std::to_string(count / unit);
    std::string fraction = std::to_string(unit + count % unit).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return fraction.empty() ? text : text + "." + fraction;
  };
  const std::string sign = negative ? "-" : "";
  if (left < 1'000) return sign + std::to_string(left) + "ns";
  if (left < 1'000'000) return sign + with_fraction(left, 1'000) + "\u00B5s";
  if (left < 1'000'000'000) return sign + with_fraction(left, 1'000'000) + "ms";
  constexpr std::uint64_t minute = 60'000'000'000;
  std::string out = sign;
  if (left >= 60 * minute) out += std::to_string(left / (60 * minute)) + "h";
  if (left >= minute) out += std::to_string(left / minute % 60) + "m";
  return out + with_fraction(left % minute, 1'000'000'000) + "s";
}

fitted<std::int64_t> to_size(const value& v) {
  if (v.is_null()) return 0;
  const auto text = to_string(v);
  if (!text) return tl::make_unexpected(text.error());
  std::string_view rest = *text;
  const auto invalid = [&] { return refuse("units: invalid " + *text); };
  const bool negative = !rest.empty() && rest[0] == '-';
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) rest.remove_prefix(1);
  if (rest == "0") return 0;
  if (rest.empty()) return invalid();
  double sum = 0;
  while (!rest.empty()) {
    const auto part = take_number(rest);
    if (!part) return invalid();
    const std::size_t end = std::min(rest.find_first_of(".0123456789"), rest.size());
    const std::string_view unit = rest.substr(0, end);
    rest.remove_prefix(end);
    double scale = 1;
    if (unit != "B") {
      static constexpr std::string_view letters = "KMGTPE";
      const std::size_t power = unit.empty() ? std::string_view::npos : letters.find(unit[0]);
      if (power == std::string_view::npos || (unit.substr(1) != "B" && unit.substr(1) != "iB")) {
        return refuse("units: unknown unit " + std::string(unit) + " in " + *text);
      }
      scale = std::pow(1024.0, static_cast<double>(power) + 1);
    }
    sum += (static_cast<double>(part->whole) + static_cast<double>(part->fraction) / part->scale) * scale;
  }
  if (sum >= 9223372036854775808.0) return invalid();
  return static_cast<std::int64_t>(negative ? -sum : sum);
}

}  // namespace troupe::config
