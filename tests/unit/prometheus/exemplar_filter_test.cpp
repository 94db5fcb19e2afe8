#include "actors/prometheus/scrape/exemplar_filter.hpp"

#include <string>

#include "tests/catch.hpp"

using troupe::prometheus::exemplar_filter;
using troupe::telemetry::exemplar;
using verdict = exemplar_filter::verdict;

namespace {

constexpr auto none = troupe::telemetry::metrics_batch::no_timestamp;

verdict judge(exemplar_filter& by, const std::string& labels, double value = 1, std::int64_t time = none,
              std::uint32_t series = 0) {
  exemplar one{series, labels, value, time};
  return by.judge(one);
}

}  // namespace

TEST_CASE("an exemplar goes on once, as long as its series shows no other") {
  exemplar_filter by;
  CHECK(judge(by, "{a=\"1\"}") == verdict::passes);
  CHECK(judge(by, "{a=\"1\"}") == verdict::repeated);
  CHECK(judge(by, "{a=\"1\"}", 1, none, 1) == verdict::passes);  // of another series
  CHECK(judge(by, "{a=\"1\"}", 2) == verdict::passes);
  CHECK(judge(by, "{a=\"2\"}", 2) == verdict::passes);
  CHECK(judge(by, "{a=\"1\"}", 2) == verdict::passes);  // only the last one counts
}

TEST_CASE("of those with times of their own none goes back") {
  exemplar_filter by;
  CHECK(judge(by, "{a=\"1\"}", 1, 1000) == verdict::passes);
  CHECK(judge(by, "{a=\"1\"}", 1, 1000) == verdict::repeated);
  CHECK(judge(by, "{a=\"1\"}", 1, 999) == verdict::out_of_order);
  CHECK(judge(by, "{a=\"2\"}", 1, 1000) == verdict::passes);
  CHECK(judge(by, "{a=\"3\"}") == verdict::passes);
  CHECK(judge(by, "{a=\"4\"}", 1, 999) == verdict::out_of_order);
  CHECK(judge(by, "{a=\"4\"}", 1, 1001) == verdict::passes);
}

TEST_CASE("an exemplar that breaks the rules is left out, labels without a value are") {
  exemplar_filter by;
  CHECK(judge(by, "{a=\"1\",a=\"2\"}") == verdict::invalid);
  CHECK(judge(by, "{a=\"" + std::string(127, 'x') + "\"}") == verdict::passes);
  CHECK(judge(by, "{a=\"" + std::string(128, 'x') + "\"}") == verdict::invalid);
  std::string wide;
  for (int i = 0; i < 127; ++i)
    wide += "\u00e9";  // two bytes each
  CHECK(judge(by, "{a=\"" + wide + "\"}") == verdict::passes);
  CHECK(judge(by, "{a=\"" + wide + "x\"}") == verdict::invalid);

  exemplar one{0, "{b=\"\",a=\"1\"}", 1, none};
  CHECK(by.judge(one) == verdict::passes);
  CHECK(one.labels == "{a=\"1\"}");
  one = {0, "{b=\"\"}", 2, none};
  CHECK(by.judge(one) == verdict::passes);
  CHECK(one.labels == "{}");
}
