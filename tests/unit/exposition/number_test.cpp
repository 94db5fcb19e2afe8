#include "protocol/exposition/number.hpp"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

#include "protocol/telemetry/number.hpp"
#include "protocol/telemetry/value.hpp"
#include "tests/catch.hpp"

using troupe::exposition::parse_value;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

/// Parses `text` near the end of the page and far from it: two paths that must agree.
bool parses(const std::string& text, double& out) {
  const std::string far = text + "\n" + std::string(200, 'x');
  double near_value = 0;
  double far_value = 0;
  const char* const near_end = parse_value(text.data(), text.data() + text.size(), near_value);
  const char* const far_end = parse_value(far.data(), far.data() + far.size(), far_value);
  const bool near_good = near_end == text.data() + text.size();
  const bool far_good = far_end == far.data() + text.size();
  INFO(text);
  REQUIRE(near_good == far_good);
  REQUIRE((near_good || (near_end == nullptr && far_end == nullptr)));
  if (near_good) REQUIRE(std::bit_cast<std::uint64_t>(near_value) == std::bit_cast<std::uint64_t>(far_value));
  out = near_value;
  return near_good;
}

}  // namespace

TEST_CASE("values in Go's syntax") {
  const std::pair<std::string, double> table[] = {
      {"0", 0.0},
      {"1", 1.0},
      {"-1", -1.0},
      {"+1", 1.0},
      {".5", 0.5},
      {"5.", 5.0},
      {"-.5", -0.5},
      {"00012", 12.0},
      {"1e3", 1000.0},
      {"1E3", 1000.0},
      {"1e+03", 1000.0},
      {"1.5e-3", 0.0015},
      {"5.e1", 50.0},
      {"12345678", 12345678.0},
      {"123456789", 123456789.0},
      {"1234567890123456", 1234567890123456.0},
      {"9007199254740992", 9007199254740992.0},
      {"9007199254740993", 9007199254740992.0},
      {"9007199254740995", 9007199254740996.0},
      {"12345678901234567890", 12345678901234567890.0},
      {"123456789012345678901234567890", 123456789012345678901234567890.0},
      {"0.1234567890123456789012345678901234567890", 0.1234567890123456789012345678901234567890},
      {"0.000000000000000000000000000000000001", 1e-36},
      {"1e22", 1e22},
      {"1e23", 1e23},
      {"1e-22", 1e-22},
      {"1e-23", 1e-23},
      {"1.7976931348623157e308", 1.7976931348623157e308},
      {"2.2250738585072014e-308", 2.2250738585072014e-308},
      {"5e-324", 5e-324},
      {"2.4703282292062328e-324", 5e-324},
      {"2.4703282292062327e-324", 0.0},
      {"1e-400", 0.0},
      {"1e-99999999999999999999", 0.0},
      {"0e99999999999999999999", 0.0},
      {"0.0000e400", 0.0},
      {std::string(400, '0') + "1", 1.0},
      {"0." + std::string(400, '0') + "1e401", 1.0},
      {"1" + std::string(400, '0') + "e-400", 1.0},
      {"inf", inf},
      {"Inf", inf},
      {"+Inf", inf},
      {"-inf", -inf},
      {"Infinity", inf},
      {"-INFINITY", -inf},
  };
  for (const auto& [text, expected] : table) {
    double value = 0;
    INFO(text);
    REQUIRE(parses(text, value));
    CHECK(std::bit_cast<std::uint64_t>(value) == std::bit_cast<std::uint64_t>(expected));
  }
  double zero = 0;
  REQUIRE(parses("-0", zero));
  CHECK(std::signbit(zero));
  REQUIRE(parses("-1e-400", zero));
  CHECK(std::signbit(zero));
}

TEST_CASE("every NaN is the normal one") {
  for (const char* text : {"NaN", "nan", "NAN", "nAn"}) {
    double value = 0;
    REQUIRE(parses(text, value));
    CHECK(std::bit_cast<std::uint64_t>(value) == troupe::telemetry::normal_nan_bits);
  }
}

TEST_CASE("what is no value, or out of range") {
  for (const char* text : {"",        "-",
                           "+",       ".",
                           "-.",      "e5",
                           ".e5",     "1e",
                           "1e+",     "1e-",
                           "1.2.3",   "1..2",
                           "--1",     "+-1",
                           "0x10",    "0x1p-2",
                           "1_000",   "1p5",
                           "1e5.0",   "1f",
                           "1,5",     "infi",
                           "infinit", "infinityx",
                           "nana",    "+nan",
                           "-nan",    "nan(1)",
                           "i",       "n",
                           "na",      "1e309",
                           "-1e309",  "1.7976931348623159e308",
                           "1e400",   "1e99999999999999999999",
                           "abc",     "1\r",
                           "1{"}) {
    double value = 0;
    INFO(text);
    CHECK_FALSE(parses(text, value));
  }
}

TEST_CASE("a value ends at a blank, a tab, a newline") {
  for (const char* text : {"15 3", "15\t3", "15\n3", "15"}) {
    const std::string padded = text + std::string(1, ' ') + std::string(100, 'y');
    double value = 0;
    CHECK(parse_value(text, text + std::strlen(text), value) == text + 2);
    CHECK(parse_value(padded.data(), padded.data() + padded.size(), value) == padded.data() + 2);
    CHECK(value == 15);
  }
}

TEST_CASE("random numbers are rounded as the C library rounds them") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    if (i % 3 == 0) {
      const auto value = std::bit_cast<double>(random());
      if (!std::isfinite(value)) continue;
      troupe::telemetry::append_number(value, text);
    } else {
      const auto digits = [&](std::uint64_t most) {
        for (std::uint64_t n = random() % most; n > 0; --n)
          text += static_cast<char>('0' + random() % 10);
      };
      if (random() % 4 == 0) text += '-';
      text += static_cast<char>('0' + random() % 10);
      digits(i % 3 == 1 ? 8 : 28);
      if (random() % 2 == 0) {
        text += '.';
        digits(i % 3 == 1 ? 8 : 28);
      }
      if (random() % 3 == 0) text += "e" + std::to_string(static_cast<int>(random() % 60) - 30);
    }
    double value = 0;
    INFO(text);
    REQUIRE(parses(text, value));
    REQUIRE(std::bit_cast<std::uint64_t>(value) == std::bit_cast<std::uint64_t>(std::strtod(text.c_str(), nullptr)));
  }
}
