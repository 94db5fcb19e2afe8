#include "actors/tracing/jaeger_sampler.hpp"

#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::tracing;
using namespace std::chrono_literals;

namespace {

/// Of so many traces with random ids, how many are sampled.
int sampled(jaeger_sampler& by, std::string_view operation, int of = 1000) {
  runtime::tracer ids;
  ids.set(runtime::ratio(1));
  int count = 0;
  for (int i = 0; i < of; ++i)
    count += by.sample(ids.begin(operation).self, operation) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("a share of all traces") {
  auto some =
      jaeger_sampler::parse(R"({"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0.5}})", 9);
  REQUIRE(some);
  const auto count = sampled(**some, "scrape");
  CHECK(count > 400);
  CHECK(count < 600);
}

TEST_CASE("a rate") {
  auto some = jaeger_sampler::parse(R"({"strategyType":1,"rateLimitingSampling":{"maxTracesPerSecond":3}})", 9);
  REQUIRE(some);
  const auto count = sampled(**some, "scrape");
  CHECK(count >= 3);
  CHECK(count < 10);

  rate_limit limit(2);
  const std::chrono::steady_clock::time_point begin{1h};
  CHECK(limit.take(begin));
  CHECK(limit.take(begin));
  CHECK_FALSE(limit.take(begin));
  CHECK_FALSE(limit.take(begin + 400ms));
  CHECK(limit.take(begin + 500ms));
  CHECK_FALSE(limit.take(begin + 500ms));
  CHECK(limit.take(begin + 1h));
  CHECK(limit.take(begin + 1h));
  CHECK_FALSE(limit.take(begin + 1h));
}

TEST_CASE("shares of operations, the first so many, with a lower bound") {
  const std::string json = R"({"operationSampling":{"defaultSamplingProbability":0,"defaultLowerBoundTracesPerSecond":%,
    "perOperationStrategies":[{"operation":"scrape","probabilisticSampling":{"samplingRate":1}},
                              {"operation":"restart","probabilisticSampling":{"samplingRate":1}}]}})";
  const auto with = [&](const char* bound) {
    auto text = json;
    return text.replace(text.find('%'), 1, bound);
  };
  auto some = jaeger_sampler::parse(with("0"), 1);
  REQUIRE(some);
  CHECK(sampled(**some, "scrape") == 1000);
  CHECK(sampled(**some, "restart") == 0);  // beyond the first
  CHECK(sampled(**some, "other") == 0);
  some = jaeger_sampler::parse(with("0.5"), 2);
  REQUIRE(some);
  CHECK(sampled(**some, "restart") == 1000);
  CHECK(sampled(**some, "other") == 1);
}

TEST_CASE("what is no strategy is refused") {
  for (const char* text : {"", "<html>", "[]", "{}", R"({"probabilisticSampling":7})"}) {
    INFO(text);
    CHECK_FALSE(jaeger_sampler::parse(text, 9));
  }
}
