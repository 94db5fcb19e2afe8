#include <bit>
#include <cmath>
#include <string>

#include "protocol/exposition/page.hpp"
#include "protocol/telemetry/series_text.hpp"
#include "protocol/telemetry/value.hpp"
#include "tests/catch.hpp"

using namespace troupe;
using exposition::format;
using exposition::parse_page;
using telemetry::metric_type;
using telemetry::metrics_batch;

namespace {

/// `series=value@timestamp`, one per line; or the error.
std::string read(const std::string& body, format kind) {
  const auto page = parse_page(body, kind);
  if (!page) return "error: " + page.error().message;
  std::string text;
  std::size_t line = 0;
  for (const auto& chunk : page->layout->chunks) {
    for (std::size_t i = 0; i < chunk->size(); ++i, ++line) {
      telemetry::label_buffer labels;
      if (!telemetry::parse_series_text(chunk->text(i), chunk->family(i).type, labels)) return "unreadable series";
      telemetry::append_series_text(labels.labels(), text);
      const double value = page->values.values[line];
      text += "=" + (std::isnan(value) ? "NaN" : std::to_string(value).substr(0, 4));
      const auto& times = page->values.timestamps_ms;
      if (!times.empty() && times[line] != metrics_batch::no_timestamp) text += "@" + std::to_string(times[line]);
      text += '\n';
    }
  }
  CHECK(page->layout->lines == line);
  return text;
}

std::string text_page(const std::string& body) {
  return read(body, format::prometheus_text);
}
std::string open_metrics_page(const std::string& body) {
  return read(body, format::open_metrics);
}

struct row {
  std::string body;
  std::string expected;
};

void check_errors(const std::vector<row>& table, format kind) {
  for (const auto& [body, expected] : table) {
    INFO(body);
    const std::string got = read(body, kind);
    CHECK_THAT(got, Catch::Matchers::StartsWith("error: line "));
    INFO(got);
    CHECK(got.find(expected) != std::string::npos);
  }
}

std::vector<telemetry::metric_family> families_of(const std::string& body, format kind) {
  const auto page = parse_page(body, kind);
  REQUIRE(page);
  std::vector<telemetry::metric_family> families;
  for (const auto& chunk : page->layout->chunks) {
    for (const auto& start : chunk->families())
      families.push_back(*start.family);
  }
  return families;
}

}  // namespace

TEST_CASE("text: what is read") {
  const row table[] = {
      {"", ""},
      {"\n\n  \n\t", ""},
      {"a 1", "a=1.00\n"},
      {"a 1\n", "a=1.00\n"},
      {"  a\t \t1 \t\n", "a=1.00\n"},
      {"\ta{ b = \"c\" , } 1 17\n", "a{b=\"c\"}=1.00@17\n"},
      {"a{b=\"c\"}1\n", "a{b=\"c\"}=1.00\n"},
      {"a {b=\"c\"} 1\n", "a{b=\"c\"}=1.00\n"},
      {"a{} 1\n", "a=1.00\n"},
      {"a+1\n", "a=1.00\n"},
      {"a{ quantile = \"2.0\" x = \"b\" } 1\n", "a{quantile=\"2.0\",x=\"b\"}=1.00\n"},
      {"{\"my.name\",a=\"b\"} 1\n", "{\"my.name\",a=\"b\"}=1.00\n"},
      {"a NaN\na -Inf\n", "a=NaN\na=-inf\n"},
      {"a 1 17\t\na 2\n", "a=1.00@17\na=2.00\n"},
      {"a 1\na 2 9223372036854775807\n", "a=1.00\na=2.00@9223372036854775807\n"},
      {"a 1 0\n", "a=1.00@0\n"},
      {"a 1\na 1\n", "a=1.00\na=1.00\n"},
      {"a{b=\"x\ny\"} 1\n", "a{b=\"x\\ny\"}=1.00\n"},
      {"# EOF\na 1\n# EOF", "a=1.00\n"},
      {"#\n#x\n# \n# HELP\n# HELPx y\n#HELP a b\n# TYPE\n#TYPE a nonsense\n# UNIT a b\n# anything\na 1\n", "a=1.00\n"},
      {"# HELP a\n# HELP a  \n# HELP a some text\n  #\tTYPE\ta counter\na 1\n", "a=1.00\n"},
      {"# TYPE \"a b\" gauge\n{\"a b\"} 1\n", "{\"a b\"}=1.00\n"},
      // The reference ends the page at a NUL that begins a token, and reads over it in comments and values of labels.
      {std::string("a 1\n\0b 2\n", 9), "a=1.00\n"},
      {std::string("a 1\n  \0", 7), "a=1.00\n"},
      {std::string("#\0\na 1\n", 7), ""},
      {std::string("# x\0\na 1\n", 9), "a=1.00\n"},
      {std::string("# HELP a x\0y\na 1\n", 17), "a=1.00\n"},
  };
  for (const auto& [body, expected] : table) {
    INFO(body);
    CHECK(text_page(body) == expected);
  }
}

TEST_CASE("text: what is refused, with line and reason") {
  check_errors(
      {
          {"a\n", "line 1: the series has no value"},
          {"a 1\n\nb\n", "line 3: the series has no value"},
          {"a", "line 1: the series has no value"},
          {"a{b=\"x\ny\"} 1\nc d\n", "line 3: the value is not a number, or out of range: \"d\""},
          {"a 1e400\n", "out of range"},
          {"a 0x10\n", "not a number"},
          {"a 1_000\n", "not a number"},
          {"a 1\r\n", "not a number"},
          {"a {\n", "expected a label name"},
          {"a 1 -5\n", "expected a timestamp"},
          {"a 1 1.5\n", "expected the end of the line after the timestamp"},
          {"a 1 5 6\n", "expected the end of the line after the timestamp"},
          {"a 1 9223372036854775808\n", "timestamp is out of range"},
          {"a 1 # {x=\"y\"} 1\n", "expected a timestamp"},
          {"a{b} 1\n", "the label b has no value"},
          {"a{b=\"\xff\"} 1\n", "not valid UTF-8"},
          {"a{b=\"c} 1\n", "closing quote"},
          {"{} 1\n", "no metric name"},
          {"a{,} 1\n", "expected a label name"},
          {"1 1\n", "expected a metric name"},
          {"\xff 1\n", "got the byte 255"},
          {"# TYPE a unknown\n", "unknown metric type \"unknown\""},
          {"# TYPE a info\n", "unknown metric type"},
          {"# TYPE a counter \n", "unknown metric type"},
          {"# TYPE a  counter\n", "unknown metric type"},
          {"# TYPE a\n", "unknown metric type \"\""},
          {"# TYPE a counter\r\n", "unknown metric type"},
          {"# TYPE 1 counter\n", "expected a metric name after # TYPE"},
          {"# HELP \n", "expected a metric name after # HELP"},
          {"# HELP \"a\n", "expected a metric name after # HELP"},
          {"# HELP a \xff\n", "help text is not valid UTF-8"},
          {"# TYPE \"\xff\" gauge\n", "not valid UTF-8"},
          {std::string("a 1\nb\0 2\n", 9), "line 2: the value is not a number"},
          {std::string("a 1\0\n", 5), "not a number"},
      },
      format::prometheus_text);
}

TEST_CASE("open metrics: what is read") {
  const row table[] = {
      {"# EOF\n", ""},
      {"# EOF", ""},
      {"a 1\n# EOF\n", "a=1.00\n"},
      {"a{b=\"c\"} 1 1.5\n# EOF\n", "a{b=\"c\"}=1.00@1500\n"},
      {"a 1 -1.0015\n# EOF\n", "a=1.00@-1001\n"},
      {"a 1 1e9\n# EOF\n", "a=1.00@1000000000000\n"},
      {"# TYPE a unknown\n# HELP a \n# HELP a x\n# UNIT a \n# TYPE a_s gauge\n# UNIT a_s s\na 1\n# EOF\n", "a=1.00\n"},
      {"# TYPE a info\n# TYPE a stateset\n# TYPE a gaugehistogram\na 1\n# EOF\n", "a=1.00\n"},
      {"a_total 1 # {trace_id=\"x\"} 2 3\n# EOF\n", "a_total=1.00\n"},
      {"a_created 1\n# EOF", "a_created=1.00\n"},
      {"{\"my.name\"} NaN\n# EOF\n", "{\"my.name\"}=NaN\n"},
  };
  for (const auto& [body, expected] : table) {
    INFO(body);
    CHECK(open_metrics_page(body) == expected);
  }
}

TEST_CASE("open metrics: what is refused, with line and reason") {
  check_errors(
      {
          {"", "line 1: the page does not end with # EOF"},
          {"a 1\n", "line 2: the page does not end with # EOF"},
          {"a 1", "does not end with # EOF"},
          {"# EOF\n\n", "line 1: something follows # EOF"},
          {"# EOFx", "something follows # EOF"},
          {"# EOF\na 1\n", "something follows # EOF"},
          {"\n# EOF\n", "line 1: expected a metric name"},
          {" a 1\n# EOF\n", "expected a metric name"},
          {"a  1\n# EOF\n", "not a number"},
          {"a\t1\n# EOF\n", "expected one blank and a value"},
          {"a 1\t\n# EOF\n", "expected one blank"},
          {"a 1 \n# EOF\n", "timestamp is not a finite number"},
          {"a 1 5 \n# EOF\n", "expected one blank and a timestamp or an exemplar, or the end"},
          {"a 1  5\n# EOF\n", "timestamp is not a finite number"},
          {"a 1 NaN\n# EOF\n", "timestamp is not a finite number"},
          {"a 1 +Inf\n# EOF\n", "timestamp is not a finite number"},
          {"a 1 1e300\n# EOF\n", "timestamp is not a finite number"},
          {"a {b=\"c\"} 1\n# EOF\n", "not a number"},
          {"a{b=\"c\"c=\"d\"} 1\n# EOF\n", "expected a comma or }"},
          {"a{b=\"x\ny\"} 1\n# EOF\n", "goes on after the line's end"},
          {"a{b=\"c\"}1\n# EOF\n", "expected one blank and a value"},
          {"# a comment\n# EOF\n", "expected # HELP, # TYPE, # UNIT or # EOF"},
          {"#\n# EOF\n", "expected # HELP"},
          {"#  TYPE a counter\n# EOF\n", "expected # HELP"},
          {"# TYPE a untyped\n# EOF\n", "unknown metric type \"untyped\""},
          {"# TYPE a\n# EOF\n", "expected one blank, text and the end of the line"},
          {"# TYPE  a counter\n# EOF\n", "expected a metric name after # TYPE"},
          {"# HELP a x", "expected one blank, text and the end of the line"},
          {"# HELP a \xff\n# EOF\n", "help text is not valid UTF-8"},
          {"# UNIT a_b c\n# EOF\n", "the unit \"c\" is no suffix"},
          {"# UNIT abc c\n# EOF\n", "the unit \"c\" is no suffix"},
          {"# UNIT c c\n# EOF\n", "the unit \"c\" is no suffix"},
          {"a 1 # {} \n# EOF\n", "expected the exemplar's value"},
          {"a 1 # {\"x\"} 1\n# EOF\n", "exemplar: the label x has no value"},
          {"a 1 # {a=\"b\"}1\n# EOF\n", "expected the exemplar's value"},
          {"a 1 # {a=\"b\"} 1 nan\n# EOF\n", "timestamp is not a finite number"},
          {"a 1 # {a=\"b\"} 1 2 3\n# EOF\n", "expected one blank and a timestamp"},
          {"a 1 #{a=\"b\"} 1\n# EOF\n", "timestamp is not a finite number"},
      },
      format::open_metrics);
}

TEST_CASE("exemplars are kept with their line") {
  const auto page =
      parse_page("a 1\nb_total 2 # {trace_id=\"x\"} 0.5\nc_total 3 4.5 # {a=\"b\",c=\"d\"} NaN 1.25\n# EOF\n",
                 format::open_metrics);
  REQUIRE(page);
  const auto& exemplars = page->values.exemplars;
  REQUIRE(exemplars.size() == 2);
  CHECK(exemplars[0] == telemetry::exemplar{1, "{trace_id=\"x\"}", 0.5, metrics_batch::no_timestamp});
  CHECK(exemplars[1].series == 2);
  CHECK(exemplars[1].labels == "{a=\"b\",c=\"d\"}");
  CHECK(std::bit_cast<std::uint64_t>(exemplars[1].value) == telemetry::normal_nan_bits);
  CHECK(exemplars[1].timestamp_ms == 1250);
  CHECK(page->values.timestamps_ms ==
        std::vector<std::int64_t>{metrics_batch::no_timestamp, metrics_batch::no_timestamp, 4500});
}

TEST_CASE("no page can bring in a stale marker") {
  const auto page = parse_page("a nan\nb NaN\n", format::prometheus_text);
  REQUIRE(page);
  for (const double value : page->values.values)
    CHECK(std::bit_cast<std::uint64_t>(value) == telemetry::normal_nan_bits);
}

TEST_CASE("metadata goes with the series, the comment lines as they stood") {
  const auto families = families_of(
      "# about the page\n# HELP a Help \\\\ of\\na \\\"quoted\\\"\n# TYPE a counter\na_total 1\n"
      "a_total{x=\"y\"} 2\n# just a remark\na_total{x=\"z\"} 3\n"
      "# HELP empty no samples\n# TYPE empty gauge\n# TYPE b histogram\nb_bucket{le=\"1\"} 4\n# HELP c "
      "c\nc_bucket{le=\"2\"} 5\n",
      format::prometheus_text);
  REQUIRE(families.size() == 4);
  CHECK(families[0].name == "a");
  CHECK(families[0].type == metric_type::counter);
  CHECK(families[0].help == "Help \\ of\na \\\"quoted\\\"");
  CHECK(families[0].page_text == "# about the page\n# HELP a Help \\\\ of\\na \\\"quoted\\\"\n# TYPE a counter\n");
  CHECK(families[1].name == "a");
  CHECK(families[1].help == families[0].help);
  CHECK(families[1].page_text == "# just a remark\n");
  CHECK(families[2].name == "b");
  CHECK(families[2].help.empty());
  CHECK(families[2].page_text == "# HELP empty no samples\n# TYPE empty gauge\n# TYPE b histogram\n");
  CHECK(families[3].name == "c");
  CHECK(families[3].type == metric_type::histogram);
}

TEST_CASE("a type holds until the next one, and makes floats of bounds") {
  CHECK(text_page("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nother{le=\"2\"} 1\n# TYPE g gauge\ng{le=\"3\"} 1\n") ==
        "h_bucket{le=\"1.0\"}=1.00\nother{le=\"2.0\"}=1.00\ng{le=\"3\"}=1.00\n");
  CHECK(open_metrics_page("# TYPE s summary\ns{quantile=\"1\"} 1\n# EOF\n") == "s{quantile=\"1.0\"}=1.00\n");
}

TEST_CASE("open metrics: help has the escapes of label values, units are kept") {
  const auto families =
      families_of("# TYPE a_s gauge\n# UNIT a_s s\n# HELP a_s \\\"x\\\"\\n\\\\\na_s 1\n# EOF\n", format::open_metrics);
  REQUIRE(families.size() == 1);
  CHECK(families[0].help == "\"x\"\n\\");
  CHECK(families[0].unit == "s");
}

TEST_CASE("the samples before an error are counted") {
  std::size_t samples = 99;
  CHECK_FALSE(parse_page("a 1\nb 2\n# c\nc x\n", format::prometheus_text, &samples));
  CHECK(samples == 2);
  CHECK_FALSE(parse_page("a 1\n", format::open_metrics, &samples));
  CHECK(samples == 1);
}

TEST_CASE("a huge line costs a small multiple of itself, whatever is wrong with it") {
  const std::size_t size = 20 << 20;
  CHECK(text_page("a{b=\"" + std::string(size, 'x')).find("closing quote") != std::string::npos);
  CHECK(text_page("a{b=\"" + std::string(size, 'x') + "\"} 1\n").size() > size);
  CHECK(text_page(std::string(size, 'x')) == "error: line 1: the series has no value");
  CHECK(text_page("a " + std::string(size, '1')).find("out of range") != std::string::npos);
  CHECK(text_page("a 0." + std::string(size, '1') + "\n") == "a=0.11\n");
  CHECK(text_page("# " + std::string(size, 'x') + "\na 1\n") == "a=1.00\n");
  CHECK(text_page(std::string(size, ' ') + "a 1\n") == "a=1.00\n");
  CHECK(text_page(std::string(size, '\0')).empty());
  std::string many = "a{";
  for (std::size_t i = 0; i < size / 5; ++i)
    many += "b=\"\",";
  CHECK(text_page(many).find("more than 10000 labels") != std::string::npos);
}

TEST_CASE("one long help text is not repeated for every series") {
  std::string body = "# HELP a " + std::string(1 << 20, 'x') + "\n# TYPE a gauge\n";
  for (int i = 0; i < 100'000; ++i)
    body += "#" + std::to_string(i) + "\na 1\n";
  const auto families = families_of(body, format::prometheus_text);
  std::size_t held = 0;
  for (const auto& family : families)
    held += family.help.size() + family.name.size();
  CHECK(families[0].help.size() == 4096);
  CHECK(held < 3 * body.size());
}
