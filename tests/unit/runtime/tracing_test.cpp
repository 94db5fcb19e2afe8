#include "actors/runtime/tracing.hpp"

#include <set>

#include "tests/catch.hpp"

using namespace troupe::runtime;
using namespace std::string_literals;

namespace {

const std::array<std::uint8_t, 8> no_span{};
const std::array<std::uint8_t, 16> no_trace{};

}  // namespace

TEST_CASE("what nobody follows has no ids", "[tracing]") {
  const tracer of;
  const auto work = of.begin("scrape");
  CHECK_FALSE(work.self.sampled);
  CHECK(work.self.trace_id == no_trace);
  CHECK(of.part_of(work.self).self == trace_context{});
}

TEST_CASE("a trace is followed whole or not at all", "[tracing]") {
  tracer of;
  of.set(ratio(0.5));
  unsigned followed = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto root = of.begin("scrape");
    CHECK(root.parent == no_span);
    const auto part = of.part_of(root.self);
    const auto deeper = of.part_of(part.self);
    REQUIRE(part.self.sampled == root.self.sampled);
    REQUIRE(deeper.self.sampled == root.self.sampled);
    if (!root.self.sampled) {
      REQUIRE(root.self.trace_id == no_trace);
      continue;
    }
    ++followed;
    REQUIRE(part.self.trace_id == root.self.trace_id);
    REQUIRE(part.parent == root.self.span_id);
    REQUIRE(deeper.parent == part.self.span_id);
    REQUIRE(std::set{root.self.span_id, part.self.span_id, deeper.self.span_id}.size() == 3);
  }
  // Four standard deviations of a fair coin.
  CHECK(followed > 1870);
  CHECK(followed < 2130);
}

TEST_CASE("the id alone decides", "[tracing]") {
  trace_context low, high;
  high.trace_id.fill(0xff);
  low.trace_id.fill(0xff);
  for (std::size_t i = 8; i < 16; ++i)
    low.trace_id[i] = 0;
  CHECK(ratio(0.1).sample(low));
  CHECK_FALSE(ratio(0.1).sample(high));
  CHECK_FALSE(ratio(0.999).sample(high));
  CHECK(ratio(1).sample(high));
  CHECK(ratio(7).sample(high));
  CHECK_FALSE(ratio(0).sample(low));
  CHECK_FALSE(ratio(-1).sample(low));
}

TEST_CASE("another sampler may decide, by the name of the work", "[tracing]") {
  struct by_name final : sampler {
    bool sample(const trace_context&, std::string_view operation) override { return operation == "load"; }
  };
  tracer of;
  of.set(std::make_shared<by_name>());
  CHECK(of.begin("load").self.sampled);
  CHECK_FALSE(of.begin("scrape").self.sampled);
  of.set(ratio(1));
  CHECK(of.begin("scrape").self.sampled);
}

TEST_CASE("what is sent on has ids even where it is not sampled", "[tracing]") {
  tracer of;
  of.set_propagation(true);
  const auto root = of.begin("scrape");
  CHECK_FALSE(root.self.sampled);
  CHECK(root.self.trace_id != no_trace);
  const auto text = to_traceparent(of.part_of(root.self).self);
  CHECK(text.substr(text.size() - 3) == "-00");
  CHECK(from_traceparent(text).trace_id == root.self.trace_id);
}

TEST_CASE("traceparent", "[tracing]") {
  const std::string good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const auto read = from_traceparent(good);
  CHECK(read.sampled);
  CHECK(to_traceparent(read) == good);
  CHECK(to_traceparent({}).empty());
  CHECK(from_traceparent("cc" + good.substr(2) + "-what the future brings").sampled);
  for (const std::string& bad : {
           std::string(),
           std::string("00"),
           good + "-x",                                                 // version 00 has no more
           "ff" + good.substr(2),                                       // forbidden version
           "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"s,  // upper case
           "00-00000000000000000000000000000000-b7ad6b7169203331-01"s,
           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"s,
           "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"s,
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g"s,
       }) {
    INFO(bad);
    CHECK(from_traceparent(bad) == trace_context{});
  }
}
