#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "actors/logging/line.hpp"
#include "actors/runtime/event_bus.hpp"
#include "tests/catch.hpp"

using namespace troupe::logging;
using namespace troupe::runtime;
using namespace std::chrono_literals;

namespace {

/// Keeps each event as a line.
struct lines : event_subscriber {
  explicit lines(log_format format) : format(format) {}
  event_interest interest() const override { return event_interest().all(log_level::debug); }
  void on_event(const event& what) noexcept override { append_line(what, format, text); }
  std::string take() { return std::exchange(text, {}); }
  log_format format;
  std::string text;
};

constexpr std::chrono::system_clock::time_point at(std::chrono::nanoseconds since_1970) {
  return std::chrono::system_clock::time_point(since_1970);
}

}  // namespace

TEST_CASE("texts are quoted in logfmt when they must be", "[event]") {
  struct row {
    std::string_view text, written;
  };
  const auto [text, written] = GENERATE(values<row>({
      {"plain", "plain"},
      {"", R"("")"},
      {"two words", R"("two words")"},
      {"a=b", R"("a=b")"},
      {"say \"hi\"", R"("say \"hi\"")"},
      {R"(C:\temp)", R"(C:\temp)"},
      {R"(C:\my temp)", R"("C:\\my temp")"},
      {"http://127.0.0.1:80/m?x[]", "http://127.0.0.1:80/m?x[]"},
      {"a\nb\tc\r", R"("a\nb\tc\r")"},
      {"\x01", R"("\x01")"},
      {"del\x7f", "del\x7f"},
      {"grün", "grün"},
      {"日本", "日本"},
      {"no\u00a0break", R"("no\u00a0break")"},
      {"zero\u200bwidth", R"("zero\u200bwidth")"},
      {"bad\xff", R"("bad\xff")"},
      {"\xed\xa0\x80", R"("\xed\xa0\x80")"},
      {"\ufffd", "\"\ufffd\""},
      {"{\"json\":1}", R"("{\"json\":1}")"},
      {"'single'", "'single'"},
  }));
  CAPTURE(text);
  event_bus bus;
  const auto out = std::make_shared<lines>(log_format::logfmt);
  bus.subscribe(out);
  bus.publish({.time = at(1s)}, failed{text});
  CHECK(out->take() ==
        "ts=1970-01-01T00:00:01Z level=error msg=\"component failed\" err=" + std::string(written) + "\n");
}

TEST_CASE("times are written as Go's RFC3339Nano", "[event]") {
  struct row {
    std::chrono::nanoseconds since;
    std::string_view written;
  };
  const auto [since, written] = GENERATE(values<row>({
      {1s, "1970-01-01T00:00:01Z"},
      {1732677621258710157ns, "2024-11-27T03:20:21.258710157Z"},
      {1719385221625599250ns, "2024-06-26T07:00:21.62559925Z"},
      {1709164800000000001ns, "2024-02-29T00:00:00.000000001Z"},
      {-1ns, "1969-12-31T23:59:59.999999999Z"},
  }));
  event_bus bus;
  const auto out = std::make_shared<lines>(log_format::logfmt);
  bus.subscribe(out);
  bus.publish({.time = at(since)}, spawned{});
  CHECK(out->take() == "ts=" + std::string(written) + " level=debug msg=\"component created\"\n");
}

TEST_CASE("durations are written as Go writes them", "[event]") {
  struct row {
    std::chrono::nanoseconds duration;
    std::string_view written;
  };
  const auto [duration, written] = GENERATE(values<row>({
      {0ns, "0s"},
      {1ns, "1ns"},
      {4826ns, "4.826µs"},
      {387769ns, "387.769µs"},
      {4749130ns, "4.74913ms"},
      {30ms, "30ms"},
      {1500ms, "1.5s"},
      {60s, "1m0s"},
      {3661s + 1ms, "1h1m1.001s"},
      {100h, "100h0m0s"},
      {-1500us, "-1.5ms"},
      {std::chrono::nanoseconds::max(), "2562047h47m16.854775807s"},
      {std::chrono::nanoseconds::min(), "-2562047h47m16.854775808s"},
  }));
  event_bus bus;
  const auto out = std::make_shared<lines>(log_format::logfmt);
  bus.subscribe(out);
  bus.publish({.time = at(1s)}, restarted{duration, 1});
  CHECK(out->take() == "ts=1970-01-01T00:00:01Z level=warn msg=\"component restarted\" delay=" + std::string(written) +
                           " attempt=1\n");
}

TEST_CASE("a line says who speaks", "[event]") {
  event_bus bus;
  const auto out = std::make_shared<lines>(log_format::logfmt);
  bus.subscribe(out);
  const auto time = at(1s);
  const std::string start = "ts=1970-01-01T00:00:01Z level=";

  bus.publish({.time = time, .component_id = "prometheus.scrape.x"}, scrape_failed{"", "http://a/metrics", "refused"});
  CHECK(out->take() == start +
                           "debug msg=\"Scrape failed\" component_path=/ component_id=prometheus.scrape.x "
                           "target=http://a/metrics err=refused\n");

  event_header controller{.time = time, .origin = event_origin::controller};
  controller.trace.trace_id = {0x3a, 0x83, 0xa9, 0xe2, 0x76, 0x4a, 0x60, 0x80,
                               0x35, 0x62, 0x6f, 0xa0, 0xfa, 0xcf, 0xc7, 0x49};
  bus.publish(controller, evaluated{"tracing", 6807ns});
  CHECK(out->take() == start +
                           "info msg=\"finished node evaluation\" controller_path=/ controller_id=\"\" "
                           "trace_id=3a83a9e2764a608035626fa0facfc749 node_id=tracing duration=6.807µs\n");

  bus.publish({.time = time, .component_id = "http", .origin = event_origin::service},
              http_listening{"127.0.0.1:12345"});
  CHECK(out->take() == start + "info msg=\"now listening for http traffic\" service=http addr=127.0.0.1:12345\n");

  bus.publish({.time = time}, message{"", log_level::warn, ""});
  CHECK(out->take() == start + "warn\n");
  bus.publish({.time = time}, message{"", log_level::warn, "free text"});
  CHECK(out->take() == start + "warn msg=\"free text\"\n");
}

TEST_CASE("the JSON form has the same keys in the same order", "[event]") {
  event_bus bus;
  const auto out = std::make_shared<lines>(log_format::json);
  bus.subscribe(out);
  bus.publish({.time = at(1500ms), .component_id = "a.b"}, shutdown_ended{true, 1500us});
  CHECK(out->take() == R"({"ts":"1970-01-01T00:00:01.5Z","level":"info","msg":"shut down","component_path":"/",)"
                       R"("component_id":"a.b","drained":true,"duration":1500000})"
                       "\n");
  const auto text = GENERATE(values<std::string>(
      {"", "plain", "a \"b\" \\ c", "line\nline\r\t\x01\x7f", "gr\u00fcn \u2028 \u65e5", "<html>&"}));
  bus.publish({}, failed{text});
  const auto read = nlohmann::json::parse(out->take());
  CHECK(read["err"] == text);
  CHECK(read["level"] == "error");
  bus.publish({}, failed{"bad\xff!"});
  CHECK(nlohmann::json::parse(out->take())["err"] == "bad\ufffd!");
}
