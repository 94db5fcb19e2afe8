#include "protocol/exposition/writer.hpp"

#include <string>

#include "tests/catch.hpp"

using namespace troupe::exposition;
using troupe::telemetry::metric_type;

namespace {

std::string write(format kind) {
  page_writer page(kind);
  page.family("requests_total", metric_type::counter, "How many\nwith \"quotes\" and \\.");
  page.sample("", {{"code", "200"}, {"path", "a\"b\\c\nd"}}, 3);
  page.family("odd_counter", metric_type::counter, "");
  page.sample("", {}, 1e6);
  page.family("latency_seconds", metric_type::histogram, "Latency.");
  page.sample("_bucket", {{"le", "1"}}, 2);
  page.sample("_bucket", {{"le", "+Inf"}}, 3);
  page.sample("_sum", {}, 0.25);
  page.sample("_count", {}, 3);
  page.family("build_info", metric_type::info, "");
  page.sample("", {{"version", "1"}}, 1);
  page.family("plain", metric_type::unknown, "");
  page.sample("", {}, 1);
  page.family("my.name", metric_type::gauge, "");
  page.sample("", {{"a", "b"}}, -1.5);
  return page.finish();
}

}  // namespace

TEST_CASE("a page in text format") {
  CHECK(write(format::prometheus_text) == R"(# HELP requests_total How many\nwith "quotes" and \\.
# TYPE requests_total counter
requests_total{code="200",path="a\"b\\c\nd"} 3
# TYPE odd_counter counter
odd_counter 1e+06
# HELP latency_seconds Latency.
# TYPE latency_seconds histogram
latency_seconds_bucket{le="1"} 2
latency_seconds_bucket{le="+Inf"} 3
latency_seconds_sum 0.25
latency_seconds_count 3
# TYPE build_info gauge
build_info{version="1"} 1
# TYPE plain untyped
plain 1
# TYPE "my.name" gauge
{"my.name",a="b"} -1.5
)");
}

TEST_CASE("a page in OpenMetrics") {
  CHECK(write(format::open_metrics) == R"(# HELP requests How many\nwith \"quotes\" and \\.
# TYPE requests counter
requests_total{code="200",path="a\"b\\c\nd"} 3
# TYPE odd_counter unknown
odd_counter 1e+06
# HELP latency_seconds Latency.
# TYPE latency_seconds histogram
latency_seconds_bucket{le="1.0"} 2
latency_seconds_bucket{le="+Inf"} 3
latency_seconds_sum 0.25
latency_seconds_count 3
# TYPE build info
build_info{version="1"} 1
# TYPE plain unknown
plain 1
# TYPE "my.name" gauge
{"my.name",a="b"} -1.5
# EOF
)");
}

TEST_CASE("what is written can be read") {
  for (const format kind : {format::prometheus_text, format::open_metrics}) {
    const auto page = parse_page(write(kind), kind);
    REQUIRE(page);
    CHECK(page->values.values == std::vector<double>{3, 1e6, 2, 3, 0.25, 3, 1, 1, -1.5});
  }
}
