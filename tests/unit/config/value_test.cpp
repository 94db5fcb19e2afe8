#include "config/conversion.hpp"
#include "config/secret.hpp"
#include "tests/catch.hpp"
#include "tests/unit/config/language.hpp"

#include <cmath>
#include <limits>

using namespace troupe::config;
using language::example;

namespace {

class receiver final : public capsule {
 public:
  [[nodiscard]] std::string type_name() const override { return "prometheus.MetricsReceiver"; }
};

class target final : public capsule {
 public:
  [[nodiscard]] std::string type_name() const override { return "discovery.Target"; }
  [[nodiscard]] const object* fields() const override { return &fields_; }

 private:
  object fields_{{{"job", value("x")}, {"__address__", value("a:1")}}};
};

constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
constexpr auto lowest = std::numeric_limits<std::int64_t>::min();

}  // namespace

TEST_CASE("literals of numbers") {
  struct row {
    const char* text;
    bool floating;
    number expected;
    bool is_signed, is_unsigned;
  };
  for (const auto& [text, floating, expected, is_signed, is_unsigned] : {
           row{"0", false, std::int64_t{0}, true, false},
           row{"42", false, std::int64_t{42}, true, false},
           row{"010", false, std::int64_t{8}, true, false},  // a leading zero means octal
           row{"09", false, 9.0, false, false},              // no octal number, so a float
           row{"9223372036854775807", false, std::int64_t{9223372036854775807}, true, false},
           row{"9223372036854775808", false, std::uint64_t{9223372036854775808U}, false, true},
           row{"18446744073709551615", false, largest, false, true},
           row{"18446744073709551616", false, 18446744073709551616.0, false, false},
           row{"1.5", true, 1.5, false, false},
           row{".5", true, 0.5, false, false},
           row{"1.", true, 1.0, false, false},
           row{"1e3", true, 1000.0, false, false},
           row{"1E-400", true, 0.0, false, false},
       }) {
    INFO(text);
    const auto parsed = number_from_literal(text, floating);
    REQUIRE(parsed);
    CHECK(*parsed == expected);
    CHECK(parsed->is_signed() == is_signed);
    CHECK(parsed->is_unsigned() == is_unsigned);
  }
  CHECK_FALSE(number_from_literal("1e400", true));
}

TEST_CASE("texts that convert to numbers") {
  CHECK(number_from_text("12")->is_unsigned());
  CHECK(number_from_text("-12")->is_signed());
  CHECK(number_from_text("1.5")->is_float());
  CHECK(number_from_text("1e3")->to_double() == 1000);
  CHECK(number_from_text("010")->to_int64() == 10);  // decimal here
  for (const char* text : {"", "-", "x", "1x", " 1", "1 ", "0x10", "-1.5", "+1", "--1", "1e", "e", ".", "Inf", "NaN",
                           "nane", "1.5.2", "99999999999999999999", "-9223372036854775809"}) {
    INFO(text);
    CHECK_FALSE(number_from_text(text));
  }
}

TEST_CASE("numbers convert and print") {
  CHECK(number(-1.9).to_int64() == -1);
  CHECK(number(1e300).to_int64() == std::numeric_limits<std::int64_t>::max());
  CHECK(number(-1e300).to_int64() == lowest);
  CHECK(number(-1e300).to_uint64() == 0);
  CHECK(number(1e300).to_uint64() == largest);
  CHECK(number(std::nan("")).to_int64() == 0);
  CHECK(number(std::int64_t{-1}).to_uint64() == largest);
  CHECK(number(largest).to_int64() == -1);
  CHECK(number(2.0).exact_int64() == 2);
  CHECK(number(2.0).exact_uint64() == 2U);
  CHECK_FALSE(number(2.5).exact_int64());
  CHECK_FALSE(number(9223372036854775808.0).exact_int64());
  CHECK_FALSE(number(largest).exact_int64());
  CHECK_FALSE(number(std::int64_t{-1}).exact_uint64());
  CHECK_FALSE(number(-0.5).exact_uint64());
  CHECK(number(1e21).text() == "1000000000000000000000");
  CHECK(number(1e22).text() == "10000000000000000000000");
  CHECK(number(18446744073709551616.0).text() == "18446744073709552000");
  CHECK(number(0.1).text() == "0.1");
  CHECK(number(-0.00125).text() == "-0.00125");
  CHECK(number(-0.0).text() == "-0");
  CHECK(number(123.456).text() == "123.456");
  CHECK(number(100.0).text() == "100");
  CHECK(number(5e-324).text().size() == 326);
  CHECK(number(2.0).text() == "2");
  CHECK(number(lowest).text() == "-9223372036854775808");
  CHECK(number(-std::numeric_limits<double>::infinity()).text() == "-Inf");
  CHECK(number(std::int64_t{3}) == number(3.0));
  CHECK(number(std::int64_t{3}) == number(std::uint64_t{3}));
  CHECK_FALSE(number(std::int64_t{-1}) == number(largest));
}

TEST_CASE("equality is deep, and only within a kind") {
  CHECK(value() == value(nullptr));
  CHECK(value(3) == value(3.0));
  CHECK_FALSE(value("3") == value(3));
  CHECK_FALSE(value(false) == value());
  CHECK(value(array{1, "a", array{}}) == value(array{1.0, "a", array{}}));
  CHECK_FALSE(value(array{1}) == value(array{1, 2}));
  const value sorted = object({{"b", 1}, {"a", 2}});
  CHECK(sorted == value(object::in_order({{"b", 1}, {"a", 2}})));
  CHECK_FALSE(sorted == value(object({{"b", 1}})));
  CHECK_FALSE(sorted == value(object({{"b", 1}, {"c", 2}})));
  const value f = function("f", [](auto) -> fitted<value> { return value(); });
  CHECK_FALSE(f == f);
  const value r = std::make_shared<const receiver>();
  CHECK(r == r);
  CHECK_FALSE(r == value(std::make_shared<const receiver>()));
  CHECK(make_secret("a") == make_secret("a"));
  CHECK_FALSE(make_secret("a") == make_secret("b"));
  CHECK_FALSE(make_optional_secret("a", true) == make_optional_secret("a", false));
}

TEST_CASE("objects find their fields and keep their order") {
  const object fields({{"b", 1}, {"a", 2}, {"b", 3}});
  CHECK(fields.size() == 2);
  CHECK(fields.begin()->first == "a");
  CHECK(*fields.find("b") == value(3));  // the last counts
  CHECK(fields.find("c") == nullptr);
  const object in_order = object::in_order({{"z", 1}, {"a", 2}});
  CHECK(in_order.begin()->first == "z");
  CHECK(*in_order.find("a") == value(2));
  CHECK(in_order.find("b") == nullptr);
  CHECK(object().empty());
}

TEST_CASE("copies share what they hold") {
  const value list = array{1, 2, 3};
  const value copy = list;  // NOLINT: the copy is what is tested
  CHECK(copy.as_array() == list.as_array());
}

TEST_CASE("values print as the language writes them") {
  CHECK(print(value()) == "null");
  CHECK(print(value(true)) == "true");
  CHECK(print(value(1.5)) == "1.5");
  CHECK(print(value("a\n\"\x01\xFF\xC3\xA4")) == "\"a\\n\\\"\\x01\\xff\xC3\xA4\"");
  CHECK(print(value(array{1, "a", array{}, object()})) == "[1, \"a\", [], { }]");
  CHECK(print(value(object({{"a", 1}, {"b c", object({{"d", 2}})}, {"eee", 3}}))) ==
        "{\n\ta     = 1,\n\t\"b c\" = {\n\t\td = 2,\n\t},\n\teee = 3,\n}");
  CHECK(print(value(function("f", {}))) == "function");
  CHECK(print(value(std::make_shared<const receiver>())) == "capsule(\"prometheus.MetricsReceiver\")");
  CHECK(print(value(std::make_shared<const target>())) == "{\n\t__address__ = \"a:1\",\n\tjob         = \"x\",\n}");
  CHECK(print(make_secret("pw")) == "(secret)");
  CHECK(print(make_optional_secret("pw", true)) == "(secret)");
  CHECK(print(make_optional_secret("pw", false)) == "\"pw\"");
  CHECK(describe(value(1)) == "number");
  CHECK(describe(value(std::make_shared<const receiver>())) == "capsule(\"prometheus.MetricsReceiver\")");
  CHECK(value(std::make_shared<const receiver>()).as<receiver>() != nullptr);
  CHECK(value(std::make_shared<const receiver>()).as<target>() == nullptr);
  CHECK(value(std::shared_ptr<const capsule>()).is_null());
}

TEST_CASE("what converts silently") {
  const value hidden = make_secret("s");
  const value maybe = make_optional_secret("12", false);
  const value surely = make_optional_secret("s", true);
  struct row {
    value from;
    wanted to;
    value expected;
  };
  for (const auto& [from, to, expected] : {
           row{1, wanted::any, 1},
           row{1, wanted::string, "1"},
           row{1.5, wanted::string, "1.5"},
           row{"1", wanted::number, 1},
           row{"-1", wanted::number, -1},
           row{"s", wanted::secret, hidden},
           row{surely, wanted::secret, hidden},
           row{maybe, wanted::string, "12"},
           row{maybe, wanted::number, 12},
           row{"s", wanted::optional_secret, make_optional_secret("s", false)},
           row{hidden, wanted::optional_secret, surely},
           row{true, wanted::boolean, true},
           row{array{}, wanted::array, array{}},
           row{std::make_shared<const target>(), wanted::object, object({{"__address__", "a:1"}, {"job", "x"}})},
           row{nullptr, wanted::boolean, nullptr},
           row{nullptr, wanted::capsule, nullptr},
           row{hidden, wanted::capsule, hidden},
       }) {
    const auto got = convert(from, to);
    INFO(print(from) << " to " << static_cast<int>(to));
    REQUIRE(got);
    CHECK(*got == expected);
  }
}

TEST_CASE("what doesn't convert says what it should be") {
  struct row {
    value from;
    wanted to;
    std::string message;
  };
  const value r = std::make_shared<const receiver>();
  for (const auto& [from, to, message] : {
           row{true, wanted::string, "should be string, got bool"},
           row{"true", wanted::boolean, "should be bool, got string"},
           row{"", wanted::number, "should be number, got string"},
           row{"x", wanted::number, "should be number, got string"},
           row{1, wanted::boolean, "should be bool, got number"},
           row{1, wanted::array, "should be array, got number"},
           row{array{}, wanted::object, "should be object, got array"},
           row{1, wanted::capsule, "should be capsule, got number"},
           row{1, wanted::function, "should be function, got number"},
           row{1, wanted::secret, "should be capsule, got number"},
           row{r, wanted::object, "should be object, got capsule"},
           row{r, wanted::secret,
               "expected capsule(\"alloytypes.Secret\"), got capsule(\"prometheus.MetricsReceiver\")"},
           row{make_secret("s"), wanted::string, "secrets may not be converted into strings"},
           row{make_optional_secret("s", true), wanted::string, "secrets may not be converted into strings"},
           row{make_optional_secret("s", true), wanted::number, "should be number, got capsule"},
       }) {
    const auto got = convert(from, to);
    INFO(message);
    REQUIRE_FALSE(got);
    CHECK(got.error().message == message);
    CHECK(got.error().path.empty());
  }
  CHECK(*to_string(value()) == "");  // NOLINT: the text is the point
  CHECK(*to_secret_text(value("x")) == "x");
}

TEST_CASE("durations are Go's") {
  using std::chrono::nanoseconds;
  struct row {
    const char* text;
    std::int64_t count;
    const char* printed;
  };
  for (const auto& [text, count, printed] : {
           row{"0", 0, "0s"},
           row{"0s", 0, "0s"},
           row{"1ns", 1, "1ns"},
           row{"1.5us", 1500, "1.5\u00B5s"},
           row{"1\u00B5s", 1000, "1\u00B5s"},
           row{"15ms", 15'000'000, "15ms"},
           row{"1s", 1'000'000'000, "1s"},
           row{"1.5s", 1'500'000'000, "1.5s"},
           row{"90s", 90'000'000'000, "1m30s"},
           row{"1h", 3'600'000'000'000, "1h0m0s"},
           row{"1h30m", 5'400'000'000'000, "1h30m0s"},
           row{"-1.5h", -5'400'000'000'000, "-1h30m0s"},
           row{"+5s", 5'000'000'000, "5s"},
           row{".5s", 500'000'000, "500ms"},
           row{"1.s", 1'000'000'000, "1s"},
           row{"1h1m1s1ms1us1ns", 3'661'001'001'001, "1h1m1.001001001s"},
           row{"0.000000000000000000000001h", 0, "0s"},
           row{"2562047h47m16.854775807s", std::numeric_limits<std::int64_t>::max(), "2562047h47m16.854775807s"},
           row{"-2562047h47m16.854775808s", lowest, "-2562047h47m16.854775808s"},
       }) {
    INFO(text);
    const auto parsed = parse_duration(text);
    REQUIRE(parsed);
    CHECK(parsed->count() == count);
    CHECK(print_duration(nanoseconds(count)) == printed);
  }
  for (const auto& [text, message] : std::vector<example>{
           {"", "time: invalid duration \"\""},
           {"x", "time: invalid duration \"x\""},
           {".s", "time: invalid duration \".s\""},
           {"-", "time: invalid duration \"-\""},
           {"1", "time: missing unit in duration \"1\""},
           {"1d", "time: unknown unit \"d\" in duration \"1d\""},
           {"1s 2s", "time: unknown unit \"s \" in duration \"1s 2s\""},
           {"99999999999999999999s", "time: invalid duration \"99999999999999999999s\""},
           {"2562047h47m16.854775808s", "time: invalid duration \"2562047h47m16.854775808s\""},
           {"9223372036s9223372036s", "time: invalid duration \"9223372036s9223372036s\""},
       }) {
    INFO(text);
    CHECK(parse_duration(text).error() == message);
  }
  CHECK(to_duration(value("5s"))->count() == 5'000'000'000);
  CHECK(to_duration(value())->count() == 0);
  CHECK(to_duration(value(true)).error().message == "should be string, got bool");
  CHECK(to_duration(value(5)).error().message == "time: missing unit in duration \"5\"");
}

TEST_CASE("sizes are powers of 1024") {
  CHECK(*to_size(value("1MiB")) == 1 << 20);
  CHECK(*to_size(value("512KB")) == 512 << 10);
  CHECK(*to_size(value("1.5GiB")) == 1'610'612'736);
  CHECK(*to_size(value("1MiB512KiB")) == 1'572'864);
  CHECK(*to_size(value("10B")) == 10);
  CHECK(*to_size(value("-1KiB")) == -1024);
  CHECK(*to_size(value(0)) == 0);
  CHECK(*to_size(value()) == 0);
  CHECK(to_size(value("")).error().message == "units: invalid ");
  CHECK(to_size(value("KiB")).error().message == "units: invalid KiB");
  CHECK(to_size(value("10")).error().message == "units: unknown unit  in 10");
  CHECK(to_size(value("1XB")).error().message == "units: unknown unit XB in 1XB");
  CHECK(to_size(value("16EiB")).error().message == "units: invalid 16EiB");
}
