#include <algorithm>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <unistd.h>

#include "actors/runtime/log_subscriber.hpp"
#include "tests/catch.hpp"

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

/// Two ends of a pipe.
struct pipe_ends {
  pipe_ends() { REQUIRE(pipe(fds) == 0); }
  ~pipe_ends() { close_read(), close(fds[1]); }
  pipe_ends(const pipe_ends&) = delete;
  void close_read() {
    if (fds[0] >= 0) close(std::exchange(fds[0], -1));
  }
  /// All that can be read now.
  std::string drain() {
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    std::string out;
    char some[4096];
    for (ssize_t got = 0; (got = read(fds[0], some, sizeof some)) > 0;)
      out.append(some, static_cast<std::size_t>(got));
    return out;
  }
  int writer() const { return fds[1]; }
  int fds[2] = {-1, -1};
};

std::vector<std::string> split(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);)
    out.push_back(line);
  return out;
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

TEST_CASE("the level decides, also after it has changed", "[event]") {
  pipe_ends ends;
  event_bus bus;
  const auto log = std::make_shared<log_subscriber>(log_level::warn, log_format::logfmt, ends.writer());
  bus.subscribe(log);
  struct row {
    log_level level;
    std::size_t lines;
  };
  for (const auto& [level, expected] :
       {row{log_level::error, 1}, row{log_level::debug, 4}, row{log_level::info, 3}, row{log_level::warn, 2}}) {
    log->set_level(level);
    CHECK(log->level() == level);
    for (const log_level each : {log_level::debug, log_level::info, log_level::warn, log_level::error}) {
      bus.publish({}, message{"", each, "x"});
    }
    CHECK(split(ends.drain()).size() == expected);
  }
  log->set_format(log_format::json);
  bus.publish({}, failed{"x"});
  CHECK(nlohmann::json::parse(ends.drain())["err"] == "x");
}

TEST_CASE("lines of many threads stay whole", "[event]") {
  pipe_ends ends;
  event_bus bus;
  bus.subscribe(std::make_shared<log_subscriber>(log_level::info, log_format::logfmt, ends.writer()));
  constexpr std::size_t threads = 4, each = 200;
  std::vector<std::string> seen;
  std::thread reader([&] {
    std::string text;
    char some[4096];
    while (static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) < threads * each) {
      const ssize_t got = read(ends.fds[0], some, sizeof some);
      if (got <= 0) break;
      text.append(some, static_cast<std::size_t>(got));
    }
    seen = split(text);
  });
  std::vector<std::thread> writers;
  for (std::size_t t = 0; t < threads; ++t) {
    writers.emplace_back([&bus, t] {
      // Some longer than what a pipe takes at once.
      const std::string text(t == 0 ? 10'000 : 50, static_cast<char>('a' + t));
      for (std::size_t i = 0; i < each; ++i)
        bus.publish({.time = at(1s)}, failed{text});
    });
  }
  for (auto& one : writers)
    one.join();
  reader.join();
  REQUIRE(seen.size() == threads * each);
  std::map<std::string, std::size_t> counts;
  for (const auto& line : seen)
    ++counts[line];
  CHECK(counts.size() == threads);
  for (const auto& [line, count] : counts)
    CHECK(count == each);
}

TEST_CASE("a log that nobody can read any more loses lines and nothing else", "[event]") {
  pipe_ends ends;
  event_bus bus;
  const auto log = std::make_shared<log_subscriber>(log_level::info, log_format::logfmt, ends.writer());
  bus.subscribe(log);
  ends.close_read();
  // SIGPIPE would end this program.
  for (int i = 0; i < 3; ++i)
    bus.publish({}, failed{"x"});
  CHECK(log->lost() == 3);
}

TEST_CASE("a log that is not there loses lines and nothing else", "[event]") {
  event_bus bus;
  const auto log = std::make_shared<log_subscriber>(log_level::info, log_format::logfmt, 1'000'000);
  bus.subscribe(log);
  bus.publish({}, failed{"x"});
  CHECK(log->lost() == 1);
}

TEST_CASE("a reader that stands still does not hold up the program, and hears what it missed", "[event]") {
  pipe_ends ends;
  event_bus bus;
  const auto log = std::make_shared<log_subscriber>(log_level::info, log_format::logfmt, ends.writer());
  bus.subscribe(log);
  const std::string text(3000, 'x');
  // No pipe holds so much; the last line may have been begun.
  constexpr std::size_t published = 1000;
  for (std::size_t i = 0; i < published; ++i)
    bus.publish({.time = at(1s)}, failed{text});
  const std::uint64_t lost = log->lost();
  CHECK(lost > 0);
  std::string read = ends.drain();
  bus.publish({.time = at(1s)}, failed{"after"});
  read += ends.drain();
  const auto seen = split(read);
  const std::string whole = "ts=1970-01-01T00:00:01Z level=error msg=\"component failed\" err=";
  REQUIRE(seen.size() == published - lost + 2);
  for (std::size_t i = 0; i < published - lost; ++i)
    CHECK(seen[i] == whole + text);
  CHECK(seen[seen.size() - 2].ends_with("level=warn msg=\"log lines lost\" lines=" + std::to_string(lost)));
  CHECK(seen.back() == whole + "after");
}
