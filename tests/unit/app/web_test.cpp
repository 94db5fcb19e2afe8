#include <map>

#include "actors/app/activity.hpp"
#include "actors/app/observed_request.hpp"
#include "actors/app/tap_text.hpp"
#include "actors/app/web_api.hpp"
#include "actors/app/web_assets.hpp"
#include "actors/app/web_page.hpp"
#include "protocol/otlp/trace_builder.hpp"
#include "protocol/telemetry/logs.hpp"
#include "protocol/telemetry/otlp.hpp"
#include "tests/catch.hpp"

#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::app;

namespace {

struct answered final : http::responder {
  void respond(int s, std::string_view t, std::string b, http::header_fields h) override {
    status = s, type = t, body = std::move(b), headers = std::move(h);
  }
  void begin(int, std::string_view, http::header_fields) override {}
  bool send(std::string_view) override { return false; }
  void end() override {}
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [n, value] : headers) {
      if (n == name) return value;
    }
    return "";
  }
  int status = 0;
  std::string type, body;
  http::header_fields headers;
};

std::shared_ptr<answered> ask(const std::string& path, http::header_fields headers = {},
                              const std::string& prefix = "/") {
  auto to = std::make_shared<answered>();
  http::server_request request;
  request.method = "GET";
  request.path = path;
  request.headers = std::move(headers);
  if (!serve_page(prefix, request, to)) to->status = 404;
  return to;
}

bool from_elsewhere(const std::string& method, http::header_fields headers) {
  http::server_request request;
  request.method = method;
  request.headers = std::move(headers);
  return asked_by_another_site(request);
}

std::vector<std::string> lines_of(const telemetry::batch_ref& batch, bool incoming, const std::string& peers) {
  std::vector<std::string> all;
  describe(
      {incoming, peers, batch}, [] { return true; }, [&](std::string line) { all.push_back(std::move(line)); });
  return all;
}

}  // namespace

TEST_CASE("each view's address gives the page with its prefix, and files come with their types") {
  for (const char* path : {"/", "/graph", "/configuration", "/explore/metrics", "/explore/logs", "/explore/traces",
                           "/explore/traces/0af7", "/component/prometheus.scrape.default", "/debug/loki.write.x"}) {
    const auto page = ask(path, {}, "/troupe/");
    INFO(path);
    CHECK(page->status == 200);
    CHECK(page->type == "text/html; charset=utf-8");
    CHECK(page->body.find("<base href=\"/troupe/\">") != std::string::npos);
    CHECK(page->header("Content-Security-Policy").find("default-src 'none'; script-src 'self'") == 0);
  }
  CHECK(ask("/assets/js/main.js")->type == "text/javascript; charset=utf-8");
  CHECK(ask("/assets/style.css")->type == "text/css; charset=utf-8");
  CHECK(ask("/assets/lib/dygraph.js")->body.size() > 100'000);
  CHECK(ask("/assets/lib/dagre.js")->body.find("dagre") != std::string::npos);
  for (const char* path : {"/assets/../style.css", "/assets/", "/nothing", "/graphs", "/explore"})
    CHECK(ask(path)->status == 404);
}

TEST_CASE("a prefix cannot break out of the page's HTML") {
  const auto page = ask("/", {}, "/\"><script>/");
  CHECK(page->body.find("<base href=\"/&quot;>&lt;script>/\">") != std::string::npos);
}

TEST_CASE("a file that the browser has is not sent again") {
  const auto first = ask("/assets/style.css");
  const auto tag = first->header("ETag");
  REQUIRE(tag.size() > 2);
  const auto second = ask("/assets/style.css", {{"If-None-Match", tag}});
  CHECK(second->status == 304);
  CHECK(second->body.empty());
  CHECK(ask("/assets/style.css", {{"If-None-Match", "\"other\""}})->status == 200);
}

TEST_CASE("the whole page is small, and asks for nothing from elsewhere") {
  std::size_t size = 0;
  for (const auto& one : web_assets()) {
    size += one.bytes.size();
    if (one.path.starts_with("lib/") || one.path.ends_with(".svg")) continue;
    INFO(one.path);
    for (const char* scheme : {"src=\"http", "href=\"http", "import('http", "from 'http", "url(http", "//cdn"})
      CHECK(one.bytes.find(scheme) == std::string_view::npos);
  }
  CHECK(size < 600'000);  // a good half of it goes with gzip
}

TEST_CASE("what changes something is refused where a browser asks from another site, or by a link") {
  CHECK_FALSE(from_elsewhere("POST", {}));  // no browser
  CHECK_FALSE(from_elsewhere("GET", {}));
  CHECK_FALSE(from_elsewhere("POST", {{"Sec-Fetch-Site", "same-origin"}, {"Origin", "http://h:1"}, {"Host", "h:1"}}));
  CHECK(from_elsewhere("GET", {{"Sec-Fetch-Site", "same-origin"}}));
  CHECK(from_elsewhere("GET", {{"Sec-Fetch-Site", "none"}}));
  CHECK(from_elsewhere("POST", {{"Sec-Fetch-Site", "same-site"}}));
  CHECK(from_elsewhere("POST", {{"Sec-Fetch-Site", "cross-site"}}));
  CHECK_FALSE(from_elsewhere("POST", {{"Origin", "https://h:1"}, {"Host", "h:1"}}));
  CHECK(from_elsewhere("POST", {{"Origin", "http://evil"}, {"Host", "h:1"}}));
  CHECK(from_elsewhere("POST", {{"Origin", "null"}, {"Host", "h:1"}}));
}

TEST_CASE("the last lines and units of work of each component are kept, a bounded number, newest first") {
  runtime::event_bus bus;
  const auto recent = std::make_shared<activity>();
  bus.subscribe(recent);
  for (int i = 0; i < 100; ++i) {
    bus.publish({.component_id = "a.b.c"}, runtime::message{"", runtime::log_level::info, "line " + std::to_string(i)});
  }
  bus.publish({.component_id = "other"}, runtime::message{"", runtime::log_level::warn, "<b>"});
  bus.publish({.component_id = "other"}, runtime::message{"", runtime::log_level::debug, "too fine"});
  runtime::event_header work{.component_id = "other"};
  work.trace.trace_id[0] = 0xab;
  bus.publish(work, runtime::scrape_finished{"http://t", 5, std::chrono::milliseconds(2)});  // not sampled
  work.trace.sampled = true;
  bus.publish(work, runtime::scrape_finished{"http://t", 7, std::chrono::milliseconds(3)});

  const auto of = nlohmann::json::parse(recent->json("a.b.c", 1000, true));
  REQUIRE(of["lines"].size() == activity::max_per_component);
  CHECK(of["lines"][0]["message"] == "line 99");
  CHECK(of["work"].empty());
  const auto other = nlohmann::json::parse(recent->json("other", 1000, true));
  REQUIRE(other["lines"].size() == 1);
  CHECK(other["lines"][0]["level"] == "warn");
  REQUIRE(other["work"].size() == 1);
  CHECK(other["work"][0]["name"] == "scrape");
  CHECK(other["work"][0]["duration_ns"] == 3'000'000);
  CHECK(other["work"][0]["fields"]["samples"] == 7);
  CHECK(other["work"][0]["trace_id"] == "ab000000000000000000000000000000");
  CHECK(nlohmann::json::parse(recent->json("", 3, true))["lines"].size() == 3);
  bus.unsubscribe(*recent);
}

TEST_CASE("a request is a unit of work, in the words of the conventions for HTTP") {
  runtime::event_bus bus;
  const auto recent = std::make_shared<activity>();
  bus.subscribe(recent);
  runtime::tracer tracing;
  tracing.set(runtime::ratio(1));
  const runtime::clocks time;
  http::server_request request;
  request.method = "PUT";
  request.path = "/some/where";
  const auto to = std::make_shared<answered>();
  observed(request, to, bus, tracing, time)->respond(418, "text/plain", "no", {});
  CHECK(to->status == 418);
  const auto of = nlohmann::json::parse(recent->json("http", 9, true));
  REQUIRE(of["work"].size() == 1);
  CHECK(of["work"][0]["name"] == "HTTP request");
  CHECK(of["work"][0]["fields"]["http.request.method"] == "PUT");
  CHECK(of["work"][0]["fields"]["url.path"] == "/some/where");
  CHECK(of["work"][0]["fields"]["http.response.status_code"] == 418);
  bus.unsubscribe(*recent);
}

TEST_CASE("of very many components those that were silent longest are forgotten") {
  runtime::event_bus bus;
  const auto recent = std::make_shared<activity>();
  bus.subscribe(recent);
  for (std::size_t i = 0; i <= activity::max_components; ++i) {
    bus.publish({.component_id = "c" + std::to_string(i)}, runtime::message{"", runtime::log_level::info, "x"});
  }
  CHECK(nlohmann::json::parse(recent->json("c0", 9, true))["lines"].empty());
  CHECK(nlohmann::json::parse(recent->json("c1", 9, true))["lines"].size() == 1);
  bus.unsubscribe(*recent);
}

TEST_CASE("a tap tells of log entries and spans in Alloy's words, cut where they are long") {
  telemetry::logs_builder builder;
  const auto labels = std::make_shared<const telemetry::label_set>(telemetry::label_set{{"job", "x"}});
  const telemetry::label_view more[] = {{"k", "v"}};
  builder.add(labels, 1'700'000'000'123'000'000, "hello <b>", more);
  builder.add(labels, 1'700'000'000'124'000'000, std::string(1 << 20, 'x'));
  builder.add(labels, 1'700'000'000'125'000'000, "bad \xff byte");
  const auto lines = lines_of(builder.finish(), true, "loki.source.a");
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] ==
        "[IN] from loki.source.a: timestamp: 2023-11-14T22:13:20.123Z, entry: \"hello <b>\", labels: {job=\"x\"}, "
        "structured_metadata: {k=\"v\"}");
  CHECK(lines[1].size() < 10'000);
  CHECK(lines[1].ends_with("…"));
  CHECK(lines[2].find(R"(entry: "bad \xff byte", labels)") != std::string::npos);

  auto broken = std::make_shared<telemetry::otlp_batch>();
  broken->message = "\xff\xff";
  const auto said = lines_of(broken, false, "a, b");
  REQUIRE(said.size() == 1);
  CHECK(said[0].find("[OUT] to a, b: not readable: \"") == 0);
}

TEST_CASE("no text in a label, an entry or a span can pose as another line or item of a tap") {
  const std::string evil = "a\"b\n[IN] c\\d|;||;|\x1b[0m";
  const std::string shown = R"("a\"b\n[IN] c\\d|\x3b||\x3b|\x1b[0m")";

  telemetry::chunk_builder series;
  series.family(telemetry::intern(telemetry::metric_family{}));
  series.series(R"({"m","t\"w\no"="x"} )");
  auto metrics = std::make_shared<telemetry::metrics_batch>();
  metrics->block = std::make_shared<telemetry::series_block>(series.finish(), telemetry::label_set{{"one", evil}});
  metrics->timestamp_ms = 1000;
  metrics->values = {0.5};
  CHECK(lines_of(metrics, true, "p") == std::vector{"[IN] from p: sample: ts=1000, labels={__name__=\"m\", one=" +
                                                    shown + R"(, "t\"w\no"="x"}, value=0.5)"});

  telemetry::logs_builder entries;
  const telemetry::label_view more[] = {{"k", evil}};
  entries.add(std::make_shared<const telemetry::label_set>(telemetry::label_set{{"job", evil}}), 0, evil, more);
  CHECK(lines_of(entries.finish(), true, "p") ==
        std::vector{"[IN] from p: timestamp: 1970-01-01T00:00:00.000Z, entry: " + shown + ", labels: {job=" + shown +
                    "}, structured_metadata: {k=" + shown + "}"});

  const otlp::attribute_view resource[] = {{"service.name", evil}};
  const otlp::attribute_view attributes[] = {{"s", evil}, {"n", std::int64_t{3}}, {"d", 0.5}, {"b", true}};
  otlp::span_view span;
  span.trace[0] = span.id[0] = 1;
  span.name = evil;
  span.end_ns = 2'000'000;
  span.attributes = attributes;
  span.status = otlp::status_code::error;
  span.status_message = evil;
  otlp::trace_builder spans(resource);
  spans.add("scope", {}, span);
  CHECK(lines_of(spans.finish(), false, "q") ==
        std::vector{"[OUT] to q: span: " + shown + ", service: " + shown +
                    ", trace_id: 01000000000000000000000000000000, span_id: 0100000000000000, duration: 2.000000ms, "
                    "error: " +
                    shown + ", attributes: {s=" + shown + ", n=3, d=0.5, b=true}"});
}
