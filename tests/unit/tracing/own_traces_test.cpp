#include "actors/tracing/own_traces.hpp"

#include "protocol/otlp/span.hpp"
#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::tracing;
using namespace troupe::runtime;
using namespace std::chrono_literals;

namespace {

struct rig {
  event_bus bus;
  tracer sampling;
  std::shared_ptr<own_traces> traces = std::make_shared<own_traces>(sampling, "node-1", "1.2.3");
  rig() { bus.subscribe(traces); }

  work scrape(const trace_context& parent = {}) {
    const auto span = parent.sampled ? sampling.part_of(parent) : sampling.begin("scrape");
    bus.publish({.time = std::chrono::system_clock::time_point(10s),
                 .component_id = "prometheus.scrape.default",
                 .trace = span.self,
                 .parent = span.parent},
                scrape_finished{"http://a:1/metrics", 7, 2s});
    return span;
  }
  std::vector<otlp::span> taken() {
    std::vector<otlp::span> all;
    for (const auto& batch : traces->waiting().take()) {
      CHECK(batch->self_telemetry);
      auto some = otlp::decode_traces(batch->message);
      REQUIRE(some);
      CHECK(some->size() == batch->count);
      all.insert(all.end(), some->begin(), some->end());
    }
    return all;
  }
};

template <class T>
T value_of(const std::vector<otlp::attribute>& all, const std::string& key) {
  for (const auto& one : all) {
    if (one.key == key) return std::get<T>(one.value);
  }
  FAIL("no attribute " << key);
  return {};
}

}  // namespace

TEST_CASE_METHOD(rig, "a unit of work is a span with the event's fields, its component and its node") {
  traces->configure({.fraction = 1, .forwards = true});
  const auto parent = scrape();
  const auto child = scrape(parent.self);
  const auto spans = taken();
  REQUIRE(spans.size() == 2);
  const auto& one = spans[0];
  CHECK(one.name == "scrape");
  CHECK(one.trace == parent.self.trace_id);
  CHECK(one.id == parent.self.span_id);
  CHECK(one.parent == otlp::span_id{});
  CHECK(one.kind == otlp::span_kind::client);
  CHECK(one.end_ns == 10'000'000'000);
  CHECK(one.start_ns == 8'000'000'000);
  CHECK(one.status == otlp::status_code::unset);
  CHECK(value_of<std::string>(one.attributes, "alloy.component_id") == "prometheus.scrape.default");
  CHECK(value_of<std::string>(one.attributes, "target") == "http://a:1/metrics");
  CHECK(value_of<std::int64_t>(one.attributes, "samples") == 7);
  CHECK(one.scope == "prometheus.scrape");
  CHECK(value_of<std::string>(one.scope_attributes, "alloy.component_id") == "prometheus.scrape");
  CHECK(one.service == "alloy");
  CHECK(value_of<std::string>(one.resource, "service.version") == "1.2.3");
  CHECK(value_of<std::string>(one.resource, "host.name") == "node-1");
  CHECK(value_of<std::string>(one.resource, "service.instance.id").starts_with("node-1:"));
  CHECK(spans[1].trace == child.self.trace_id);
  CHECK(spans[1].parent == parent.self.span_id);
}

TEST_CASE_METHOD(rig, "what failed says so in its status") {
  traces->configure({.fraction = 1, .forwards = true});
  const auto span = sampling.begin("EvaluateNode");
  bus.publish({.origin = event_origin::controller, .trace = span.self}, evaluation_failed{"a.b", "no such thing", 1ms});
  const auto spans = taken();
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].scope == "controller");
  CHECK(spans[0].status == otlp::status_code::error);
  CHECK(spans[0].status_message == "no such thing");
}

TEST_CASE_METHOD(rig, "what came before the first configuration is kept as its fraction says") {
  for (int i = 0; i < 200; ++i)
    scrape();
  CHECK(traces->waiting().take().empty());
  traces->configure({.fraction = 0.5, .forwards = true});
  const auto kept = taken().size();
  CHECK(kept > 50);
  CHECK(kept < 150);
}

TEST_CASE_METHOD(rig, "without receivers nothing is sampled, unless others are told to") {
  scrape();
  traces->configure({.fraction = 1, .forwards = false});
  CHECK_FALSE(sampling.begin("scrape").self.sampled);
  CHECK(taken().empty());
  traces->configure({.fraction = 1, .forwards = false, .propagates = true});
  CHECK(sampling.begin("scrape").self.sampled);
  CHECK(sampling.propagates());
  scrape();
  CHECK(taken().empty());
  traces->configure({.fraction = 0, .forwards = true});
  CHECK_FALSE(sampling.begin("scrape").self.sampled);
}

TEST_CASE_METHOD(rig, "work for own telemetry makes no spans") {
  traces->configure({.fraction = 1, .forwards = true});
  const auto span = sampling.begin("scrape");
  bus.publish({.self_telemetry = true, .trace = span.self}, scrape_finished{"x", 1, 1s});
  CHECK(taken().empty());
}

TEST_CASE_METHOD(rig, "spans that nobody takes are bounded, the oldest go, counted; whoever takes is woken once") {
  traces->configure({.fraction = 1, .forwards = true});
  int woken = 0, urged = 0;
  traces->waiting().on_items([&](bool much) { ++(much ? urged : woken); });
  constexpr std::size_t published = 100'000;
  for (std::size_t i = 0; i < published; ++i)
    scrape();
  CHECK(woken == 1);
  CHECK(urged > 1);  // for each batch that is full
  std::size_t bytes = 0, spans = 0;
  for (const auto& one : traces->waiting().take()) {
    CHECK(one->message.size() < 1 << 20);
    bytes += one->message.size(), spans += one->count;
  }
  CHECK(bytes < own_traces::spans::max_bytes + (1 << 20));
  CHECK(spans < published);
  CHECK(spans + traces->waiting().take_forgotten() == published);
  scrape();
  CHECK(woken == 2);
}

TEST_CASE_METHOD(rig, "the first fraction holds for work that was under way when it was decided on, too") {
  const auto load = sampling.begin("GraphEvaluate");
  REQUIRE(load.self.sampled);
  const auto child = sampling.part_of(load.self);
  bus.publish({.origin = event_origin::controller, .trace = child.self, .parent = child.parent}, evaluated{"a.b", 1ms});
  traces->configure({.fraction = 0, .forwards = true});
  bus.publish({.origin = event_origin::controller, .trace = load.self}, config_loaded{"x", 1, 1h});
  CHECK(taken().empty());
}
