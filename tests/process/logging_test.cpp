// The collector's own log, on the terminal and in a Loki.

#include <algorithm>
#include <csignal>
#include <sstream>

#include "tests/catch.hpp"
#include "tests/process/loki_receiver.hpp"
#include "tests/process/world.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

std::string logging_to(const std::string& url, const std::string& logging = "", const std::string& endpoint = "") {
  return "logging {\n" + logging +
         "  write_to = [loki.write.default.receiver]\n}\n\nloki.write \"default\" {\n  endpoint {\n    url = \"" + url +
         "\"\n    batch_wait = \"100ms\"\n    min_backoff_period = \"50ms\"\n    max_backoff_period = \"200ms\"\n    "
         "max_backoff_retries = 0\n" +
         endpoint + "  }\n}\n";
}

/// What was written on the terminal as lines of the log.
std::vector<std::string> log_lines(const std::string& output) {
  std::vector<std::string> all;
  std::istringstream in(output);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("ts=") || line.starts_with("{\"ts\"")) all.push_back(line);
  }
  return all;
}

std::vector<std::string> sorted(std::vector<std::string> all) {
  std::sort(all.begin(), all.end());
  return all;
}

bool has(const std::vector<std::string>& lines, const std::string& text) {
  return std::any_of(lines.begin(), lines.end(), [&](const auto& l) { return l.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("the terminal and Loki get the same lines, each once: start, reloads, an outage, the end") {
  auto loki = std::make_unique<loki_receiver>();
  const auto port = loki->port();
  const auto url = loki->url();
  collector troupe(logging_to(url));
  troupe.ready();
  for (int i = 0; i < 3; ++i)
    CHECK(post(troupe.url("/-/reload")).status == 200);
  REQUIRE(eventually([&] { return has(loki->lines(), "reload requested"); }));
  auto received = loki->lines();

  loki.reset();  // the backend is gone
  CHECK(post(troupe.url("/-/reload")).status == 200);
  REQUIRE(eventually([&] { return troupe.program().output().find("Failed to send batch") != std::string::npos; }));
  CHECK(get(troupe.url("/-/healthy")).body.find("loki.write.default") != std::string::npos);
  loki = std::make_unique<loki_receiver>(port);
  REQUIRE(eventually([&] { return has(loki->lines(), "Sending succeeds again"); }));

  troupe.program().signal(SIGTERM);
  CHECK(troupe.program().wait() == 0);
  const auto more = loki->lines();
  received.insert(received.end(), more.begin(), more.end());
  const auto written = log_lines(troupe.program().output());
  CHECK(has(written, "now listening for http traffic"));
  CHECK(has(written, "msg=\"shut down\" drained=true"));
  CHECK(sorted(received) == sorted(written));
  CHECK(loki->errors().empty());
}

TEST_CASE("everything before the block is in its format; level and receivers change with a reload") {
  loki_receiver first, second;
  collector troupe(logging_to(first.url(), "  format = \"json\"\n"));
  troupe.ready();
  REQUIRE(eventually([&] { return has(first.lines(), "finished complete graph evaluation"); }));
  for (const auto& line : log_lines(troupe.program().output()))
    CHECK(line.starts_with("{\"ts\""));
  CHECK(has(first.lines(), "now listening"));

  troupe.configure(
      "logging {\n  level = \"warn\"\n  write_to = [loki.write.other.receiver]\n}\n\nloki.write \"other\" {\n  "
      "endpoint {\n    url = \"" +
      second.url() + "\"\n  }\n}\n");
  CHECK(post(troupe.url("/-/reload")).status == 200);
  troupe.configure("logging {\n  level = \"loud\"\n}\n");
  CHECK(post(troupe.url("/-/reload")).status == 400);
  REQUIRE(eventually([&] { return has(second.lines(), "failed to load config"); }));
  CHECK_FALSE(has(second.lines(), "level=info"));
  CHECK(has(first.lines(), "reload requested"));  // the last that was meant for it
  troupe.program().signal(SIGTERM);
  CHECK(troupe.program().wait() == 0);
  auto received = first.lines();
  const auto more = second.lines();
  received.insert(received.end(), more.begin(), more.end());
  CHECK(sorted(received) == sorted(log_lines(troupe.program().output())));
}

TEST_CASE("lines that the journal took are delivered after a SIGKILL") {
  loki_receiver loki;
  loki.answers([](int) { return loki_receiver::answer{503, "not now", false}; });
  collector troupe(logging_to(loki.url()));
  troupe.ready();
  REQUIRE(eventually([&] { return loki.requests() > 1; }));
  const auto written = log_lines(troupe.program().output());
  REQUIRE(has(written, "finished complete graph evaluation"));
  troupe.program().signal(SIGKILL);
  troupe.program().wait();
  loki.answers(nullptr);
  troupe.start();
  troupe.ready();
  REQUIRE(eventually([&] {
    const auto lines = loki.lines();
    return std::count_if(lines.begin(), lines.end(), [](const auto& l) {
             return l.find("finished complete graph evaluation") != std::string::npos;
           }) == 2;
  }));
  for (const auto& line : written)
    CHECK(has(loki.lines(), line));
}

TEST_CASE("a backend that refuses for good: counted by reason, said once, and no loop") {
  loki_receiver loki;
  loki.answers([](int) { return loki_receiver::answer{400, "entry too far behind", true}; });
  collector troupe(logging_to(loki.url(), "  level = \"debug\"\n"));
  troupe.ready();
  REQUIRE(eventually([&] { return troupe.metric("loki_write_dropped_entries_total", "ingester_error") > 0; }));
  REQUIRE(eventually([&] { return troupe.program().output().find("entry too far behind") != std::string::npos; }));
  CHECK(troupe.metric("loki_write_sent_entries_total") == 0);
  // What was refused stays refused: as many entries came as were dropped.
  REQUIRE(eventually(
      [&] { return static_cast<double>(loki.lines().size()) == troupe.metric("loki_write_dropped_entries_total"); }));
  CHECK(get(troupe.url("/-/healthy")).status == 500);
}

TEST_CASE("with block_on_overflow = false what finds no room is dropped: counted, and the newest loses") {
  loki_receiver loki;
  loki.answers([](int) { return loki_receiver::answer{503, "not now", false}; });
  collector troupe(logging_to(
      loki.url(), "", "    queue_config {\n      capacity = \"2KiB\"\n      block_on_overflow = false\n    }\n"));
  troupe.ready();
  const auto dropped = [&] { return troupe.metric("loki_write_dropped_entries_total", "queue_is_full"); };
  REQUIRE(eventually([&] { return post(troupe.url("/-/reload")).status == 200 && dropped() > 5; }));
  CHECK(get(troupe.url("/-/healthy")).status == 500);
  CHECK(has(log_lines(troupe.program().output()), "the queue is full"));
  loki.answers(nullptr);
  REQUIRE(eventually([&] {
    return static_cast<double>(loki.lines().size()) + dropped() ==
           static_cast<double>(log_lines(troupe.program().output()).size());
  }));
  CHECK(has(loki.lines(), "now listening"));  // the oldest had room
}

TEST_CASE("labels with quotes and newlines, and more of them than Loki takes, arrive as they were written") {
  loki_receiver loki;
  auto configuration = logging_to(loki.url());
  std::string labels, selector = "{component=\"alloy\"";
  for (char c = 'a'; c <= 't'; ++c) {
    labels += std::string("    l") + c + " = \"say \\\"" + c + "\\\"\\n\",\n";
    selector += std::string(", l") + c + "=\"say \\\"" + c + "\\\"\\n\"";
  }
  configuration.insert(configuration.rfind("}"), "  external_labels = {\n" + labels + "  }\n");
  collector troupe(configuration);
  troupe.ready();
  REQUIRE(eventually([&] { return has(loki.lines(selector + "}"), "now listening"); }));
  loki.answers([](int) { return loki_receiver::answer{400, "stream has 21 label names; limit 15", false}; });
  CHECK(post(troupe.url("/-/reload")).status == 200);
  REQUIRE(eventually([&] { return troupe.metric("loki_write_dropped_entries_total", "ingester_error") > 0; }));
  CHECK(troupe.program().output().find("limit 15") != std::string::npos);
}

TEST_CASE("mistakes in the blocks of logs are told with their places") {
  collector troupe(
      "logging {\n  level = \"loud\"\n  write_to = [prometheus.remote_write.x.receiver]\n}\n"
      "prometheus.remote_write \"x\" { }\n"
      "loki.write \"none\" { }\n"
      "loki.write \"twice\" {\n  endpoint {\n    name = \"a\"\n    url = \"http://x/1\"\n  }\n  endpoint {\n    name = "
      "\"a\"\n    url = \"http://x/2\"\n  }\n}\n"
      "loki.write \"odd\" {\n  endpoint {\n    url = \"loki:3100\"\n  }\n}\n");
  CHECK(troupe.program().wait() == 1);
  const auto said = troupe.program().output();
  CHECK(said.find(":2:11") != std::string::npos);
  CHECK(said.find("expected capsule(\"loki.LogsReceiver\"), got capsule(\"storage.Appendable\")") != std::string::npos);
  CHECK(said.find("at least one endpoint config must be provided") != std::string::npos);
  CHECK(said.find("the endpoint name \"a\" is used twice") != std::string::npos);
  CHECK(said.find("loki:3100") != std::string::npos);
}

TEST_CASE("a Loki that hangs, refuses the credentials or is busy: said, and what waits arrives") {
  using answer = loki_receiver::answer;
  loki_receiver loki;
  loki.answers([](int request) {
    if (request == 1) return answer{.keep = false, .hang = true};
    if (request == 2) return answer{.status = 429, .words = "Ingestion rate limit exceeded", .keep = false};
    if (request == 3) return answer{.status = 500, .words = "<html>", .keep = false};
    return answer{};
  });
  collector troupe(logging_to(loki.url(), "", "    remote_timeout = \"300ms\"\n"));
  troupe.ready();
  REQUIRE(eventually([&] { return has(loki.lines(), "Sending succeeds again"); }));
  CHECK(has(loki.lines(), "now listening"));  // of the first request
  CHECK(has(loki.lines(), "imed out"));
  CHECK(troupe.metric("loki_write_dropped_entries_total") == 0);
  CHECK(troupe.metric("loki_write_entry_propagation_latency_seconds_count") ==
        troupe.metric("loki_write_sent_entries_total"));
  CHECK(troupe.metric("loki_write_batch_retries_total") == 3);
  CHECK(troupe.metric("loki_write_request_duration_seconds_count", "status_code=\"-1\"") == 1);

  loki.answers([](int) { return answer{.status = 401, .words = "no org id", .keep = false}; });
  CHECK(post(troupe.url("/-/reload")).status == 200);
  REQUIRE(eventually([&] {
    return get(troupe.url("/-/healthy")).body.find("server returned HTTP status 401: no org id") != std::string::npos;
  }));
  CHECK(troupe.metric("loki_write_dropped_entries_total", "ingester_error") > 0);
}
