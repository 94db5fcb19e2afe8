#include "protocol/telemetry/series_text.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "protocol/telemetry/number.hpp"
#include "tests/catch.hpp"

using namespace troupe::telemetry;

namespace {

/// `name=value|name=value` in the order found, or `error: …`.
std::string labels_of(std::string_view text, metric_type type = metric_type::unknown) {
  label_buffer out;
  if (auto read = parse_series_text(text, type, out); !read) return "error: " + read.error().message;
  std::string list;
  for (const auto& [name, value] : out.labels()) {
    if (!list.empty()) list += '|';
    list.append(name).append("=").append(value);
  }
  return list;
}

}  // namespace

TEST_CASE("a series' text becomes labels in page order") {
  const std::pair<std::string, std::string> table[] = {
      {"up", "__name__=up"},
      {"up ", "__name__=up"},
      {"\t up \t", "__name__=up"},
      {"a:b_1{}", "__name__=a:b_1"},
      {R"(up{job="x",a="y"} )", "__name__=up|job=x|a=y"},
      {R"(up { job = "x" , a	= "y" , } )", "__name__=up|job=x|a=y"},
      {R"(up{a="1" b="2"})", "__name__=up|a=1|b=2"},
      {R"(up{a=""})", "__name__=up|a="},
      {R"(up{a="q\"b\\n\n\t"})", "__name__=up|a=q\"b\\n\n\\t"},
      {"up{a=\"x\ny\"}", "__name__=up|a=x\ny"},
      {R"({"my.name"})", "__name__=my.name"},
      {R"({"my.name",a="b"})", "__name__=my.name|a=b"},
      {R"({a="b","my.name"})", "__name__=my.name|a=b"},
      {R"({"my \"name",})", "__name__=my \"name"},
      {R"(up{"my.label"="x"})", "__name__=up|my.label=x"},
      {R"({"n","a b"="x"})", "__name__=n|a b=x"},
      {"up{a=\"\xc3\xa4\"}", "__name__=up|a=\xc3\xa4"},
      {std::string("up{a=\"x\0y\"}", 11), std::string("__name__=up|a=x\0y", 17)},
      {R"(up{a="1",a="2"})", "__name__=up|a=1|a=2"},
  };
  for (const auto& [text, expected] : table) {
    INFO(text);
    CHECK(labels_of(text) == expected);
  }
}

TEST_CASE("what is no series says why") {
  const std::pair<std::string, std::string> table[] = {
      {"", "expected a metric name or {"},
      {"1a", "expected a metric name or {, got '1'"},
      {"{}", "has no metric name"},
      {R"({a="b"})", "has no metric name"},
      {R"(up{"other"})", "two metric names"},
      {R"({"a","b"})", "two metric names"},
      {"up{a}", "the label a has no value"},
      {"up{a,}", "the label a has no value"},
      {"up{,}", "expected a label name, got ','"},
      {R"(up{a="b",,})", "expected a label name, got ','"},
      {R"(up{a:b="c"})", "expected = after a label name, got ':'"},
      {"up{a=b}", "expected a label value in quotes"},
      {"up{a=\"b", "closing quote of a label value is missing"},
      {"up{a=\"b\\", "closing quote of a label value is missing"},
      {"up{a=\"b\"", "expected a label name, got the end"},
      {"up{a=\"b\\\nc\"}", "backslash before a line's end"},
      {"up{a=\"\xff\"}", "a label value is not valid UTF-8"},
      {"{\"\xc3\"}", "a name is not valid UTF-8"},
      {R"({""})", "a name is empty"},
      {R"(up{""="x"})", "a name is empty"},
      {std::string("{\"a\0\"}", 6), "a name contains a NUL"},
      {"up{} x", "something follows"},
      {"up x", "something follows"},
  };
  for (const auto& [text, expected] : table) {
    INFO(text);
    CHECK_THAT(labels_of(text), Catch::Matchers::StartsWith("error: "));
    CHECK(labels_of(text).find(expected) != std::string::npos);
  }
}

TEST_CASE("open metrics allows neither blanks nor missing commas nor newlines") {
  const std::pair<std::string, bool> table[] = {
      {R"(up{a="b"})", true},       {R"(up{a="b",})", true},  {R"({"up",a="b"})", true},
      {R"(up {a="b"})", false},     {R"(up{ a="b"})", false}, {R"(up{a ="b"})", false},
      {R"(up{a= "b"})", false},     {R"(up{a="b" })", false}, {R"(up{a="b", })", false},
      {R"(up{a="b"c="d"})", false}, {" up", false},           {"up{a=\"x\ny\"}", false},
  };
  for (const auto& [text, good] : table) {
    INFO(text);
    const auto scanned = scan_series(text, series_syntax::open_metrics);
    CHECK((scanned.has_value() && *scanned == text.size()) == good);
    CHECK(scan_series(text, series_syntax::prometheus_text).has_value());
  }
}

TEST_CASE("a scan ends where the series ends, blanks not counted") {
  CHECK(scan_series("up 1\nb 2\n", series_syntax::prometheus_text) == 2);
  CHECK(scan_series("  up  {a=\"b\"}  1", series_syntax::prometheus_text) == 13);
  CHECK(scan_series("{a=\"b\"} 1", series_syntax::open_metrics, false) == 7);
}

TEST_CASE("a series with absurdly many labels is refused") {
  std::string text = "up{";
  for (std::size_t i = 0; i <= max_labels_per_series; ++i)
    text += "a=\"\",";
  CHECK(labels_of(text + "}").find("more than 10000 labels") != std::string::npos);
}

TEST_CASE("bounds become floats, in histograms and summaries only") {
  CHECK(labels_of(R"(h_bucket{le="1"})", metric_type::histogram) == "__name__=h_bucket|le=1.0");
  CHECK(labels_of(R"(h_bucket{le="+Inf",quantile="1"})", metric_type::histogram) ==
        "__name__=h_bucket|le=+Inf|quantile=1");
  CHECK(labels_of(R"(s{quantile="1",le="1"})", metric_type::summary) == "__name__=s|quantile=1.0|le=1");
  CHECK(labels_of(R"(h_bucket{le="1"})", metric_type::gauge_histogram) == "__name__=h_bucket|le=1");
  CHECK(labels_of(R"(h_bucket{le="1"})") == "__name__=h_bucket|le=1");
}

TEST_CASE("open metrics floats") {
  const std::pair<std::string, std::string> table[] = {
      {"1", "1.0"},      {"10", "10.0"},   {"1e3", "1000.0"}, {"0", "0.0"},       {"-1", "-1.0"},  {"+Inf", "+Inf"},
      {"inf", "+Inf"},   {"-Inf", "-Inf"}, {"nan", "NaN"},    {"0.25", "0.25"},   {"1.50", "1.5"}, {"1000000", "1e+06"},
      {"1e-5", "1e-05"}, {"abc", "abc"},   {"", ""},          {"1e400", "1e400"}, {"1 ", "1 "},    {"0.0001", "0.0001"},
  };
  for (const auto& [text, expected] : table) {
    INFO(text);
    CHECK(open_metrics_float(text) == expected);
  }
}

TEST_CASE("numbers are printed as Go prints them") {
  const std::pair<double, std::string> table[] = {
      {0.0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {123456, "123456"},
      {1234567, "1.234567e+06"},
      {1e21, "1e+21"},
      {0.0001, "0.0001"},
      {0.00001, "1e-05"},
      {0.1, "0.1"},
      {1e100, "1e+100"},
      {-2.5, "-2.5"},
      {5e-324, "5e-324"},
      {1.7e9, "1.7e+09"},
      {100000, "100000"},
      {1e6, "1e+06"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {std::numeric_limits<double>::infinity(), "+Inf"},
      {-std::numeric_limits<double>::infinity(), "-Inf"},
      {std::numeric_limits<double>::quiet_NaN(), "NaN"},
  };
  for (const auto& [value, expected] : table) {
    std::string text;
    append_number(value, text);
    CHECK(text == expected);
  }
}

TEST_CASE("a canonical text is the inverse of parsing") {
  const std::pair<std::vector<label_view>, std::string> table[] = {
      {{{"__name__", "up"}}, "up"},
      {{{"__name__", "up"}, {"a", "b"}, {"c", "d\"\n\\"}}, R"(up{a="b",c="d\"\n\\"})"},
      {{{"a", "b"}, {"__name__", "my.name"}}, R"({"my.name",a="b"})"},
      {{{"__name__", "up"}, {"a.b", "c"}}, R"(up{"a.b"="c"})"},
      {{{"__name__", "my.name"}}, R"({"my.name"})"},
  };
  for (const auto& [labels, expected] : table) {
    std::string text;
    append_series_text(labels, text);
    CHECK(text == expected);
    label_buffer read;
    REQUIRE(parse_series_text(text, metric_type::unknown, read));
    label_buffer original;
    for (const auto& [name, value] : labels)
      original.add(name, value);
    CHECK(read.to_set() == original.to_set());
  }
}

TEST_CASE("labels alone, as exemplars have them") {
  label_buffer out;
  REQUIRE(parse_labels_text(R"({trace_id="a",b="c"})", out));
  CHECK(out.to_set() == label_set{{"b", "c"}, {"trace_id", "a"}});
  CHECK(parse_labels_text("{}", out).has_value());
  CHECK(out.labels().empty());
  CHECK_FALSE(parse_labels_text("", out).has_value());
  CHECK_FALSE(parse_labels_text(R"(x{a="b"})", out).has_value());
  CHECK_FALSE(parse_labels_text(R"({"name"})", out).has_value());
}

TEST_CASE("legacy names") {
  CHECK(is_legacy_metric_name("a:b_9"));
  CHECK(is_legacy_metric_name(":"));
  CHECK_FALSE(is_legacy_metric_name(""));
  CHECK_FALSE(is_legacy_metric_name("9a"));
  CHECK_FALSE(is_legacy_metric_name("a.b"));
  CHECK(is_legacy_label_name("_a9"));
  CHECK_FALSE(is_legacy_label_name("a:b"));
  CHECK_FALSE(is_legacy_label_name(""));
}
