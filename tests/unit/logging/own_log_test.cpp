#include "actors/logging/own_log.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <thread>

#include "tests/catch.hpp"

using namespace troupe::logging;
using namespace troupe::runtime;
using namespace std::chrono_literals;

namespace {

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

TEST_CASE("the level decides, also after it has changed", "[event]") {
  pipe_ends ends;
  event_bus bus;
  const auto log = std::make_shared<own_log>(ends.writer());
  struct row {
    log_level level;
    std::size_t lines;
  };
  for (const auto& [level, expected] :
       {row{log_level::error, 1}, row{log_level::debug, 4}, row{log_level::info, 3}, row{log_level::warn, 2}}) {
    log->configure({level, log_format::logfmt, false}, bus);
    for (const log_level each : {log_level::debug, log_level::info, log_level::warn, log_level::error}) {
      bus.publish({}, message{"", each, "x"});
    }
    CHECK(split(ends.drain()).size() == expected);
  }
  log->configure({log_level::warn, log_format::json, false}, bus);
  bus.publish({}, failed{"x"});
  CHECK(nlohmann::json::parse(ends.drain())["err"] == "x");
}

TEST_CASE("lines of many threads stay whole", "[event]") {
  pipe_ends ends;
  event_bus bus;
  std::make_shared<own_log>(ends.writer())->begin(bus);
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
  const auto log = std::make_shared<own_log>(ends.writer());
  log->begin(bus);
  ends.close_read();
  // SIGPIPE would end this program.
  for (int i = 0; i < 3; ++i)
    bus.publish({}, failed{"x"});
  CHECK(log->lost() == 3);
}

TEST_CASE("a log that is not there loses lines and nothing else", "[event]") {
  event_bus bus;
  const auto log = std::make_shared<own_log>(1'000'000);
  log->begin(bus);
  bus.publish({}, failed{"x"});
  CHECK(log->lost() == 1);
}

TEST_CASE("a reader that stands still does not hold up the program, and hears what it missed", "[event]") {
  pipe_ends ends;
  event_bus bus;
  const auto log = std::make_shared<own_log>(ends.writer());
  log->begin(bus);
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

TEST_CASE("entries are the lines, with the events' own times", "[event]") {
  pipe_ends ends;
  event_bus bus;
  const auto log = std::make_shared<own_log>(ends.writer());
  bus.publish({.time = at(3s + 7ns)}, failed{"before"});  // nobody listens yet
  bus.publish({.time = at(4s)}, message{"", log_level::debug, "unimportant"});
  log->configure({log_level::info, log_format::logfmt, true}, bus);
  bus.publish({.time = at(5s)}, failed{"after"});
  bus.publish({.self_telemetry = true}, failed{"while delivering"});
  const auto written = split(ends.drain());
  const auto batches = log->waiting().take();
  REQUIRE(batches.size() == 1);
  const auto& batch = *batches[0];
  CHECK(batch.self_telemetry);
  REQUIRE(batch.streams().size() == 1);
  CHECK(batch.streams()[0].labels->to_text() == "{component=\"alloy\"}");
  REQUIRE(batch.items() == 2);
  REQUIRE(written.size() == 2);
  CHECK(batch.at(0).line == written[0]);
  CHECK(batch.at(0).timestamp_ns == 3'000'000'007);
  CHECK(batch.at(1).line == written[1]);
  CHECK(batch.at(1).timestamp_ns == 5'000'000'000);
  CHECK(log->waiting().take().empty());
}

TEST_CASE("whoever takes entries is woken once until it has taken them", "[event]") {
  event_bus bus;
  const auto log = std::make_shared<own_log>(1'000'000);
  log->configure({log_level::info, log_format::logfmt, true}, bus);
  bus.publish({}, failed{"early"});
  int woken = 0;
  log->waiting().on_items([&](bool) { ++woken; });
  CHECK(woken == 1);  // there was something already
  bus.publish({}, failed{"x"});
  CHECK(woken == 1);
  CHECK(log->waiting().take().front()->items() == 2);
  bus.publish({}, failed{"x"});
  bus.publish({}, failed{"x"});
  CHECK(woken == 2);
  log->waiting().on_items(nullptr);
  (void)log->waiting().take();
  bus.publish({}, failed{"x"});
  CHECK(woken == 2);
}

TEST_CASE("what nobody takes is bounded: the oldest goes, counted", "[event]") {
  event_bus bus;
  const auto log = std::make_shared<own_log>(1'000'000);
  log->configure({log_level::info, log_format::logfmt, true}, bus);
  const std::string text(10'000, 'x');
  constexpr std::size_t published = 2000;
  for (std::size_t i = 0; i < published; ++i)
    bus.publish({.time = at(std::chrono::seconds(i))}, failed{text});
  std::size_t bytes = 0, entries = 0;
  std::int64_t last = -1;
  for (const auto& one : log->waiting().take()) {
    bytes += one->text_bytes(), entries += one->items();
    CHECK(one->text_bytes() < 1 << 20);
    for (const auto& entry : one->entries()) {
      CHECK(entry.timestamp_ns > last);
      last = entry.timestamp_ns;
    }
  }
  CHECK(bytes < own_log::entries::max_bytes + (1 << 20));
  CHECK(last == static_cast<std::int64_t>(published - 1) * 1'000'000'000);
  CHECK(entries + log->waiting().take_forgotten() == published);
  CHECK(entries < published);
  CHECK(log->waiting().take_forgotten() == 0);
}

TEST_CASE("a log of which the first configuration fails begins with the defaults", "[event]") {
  pipe_ends ends;
  event_bus bus;
  const auto log = std::make_shared<own_log>(ends.writer());
  bus.publish({}, message{"", log_level::debug, "unimportant"});
  bus.publish({}, failed{"x"});
  CHECK(ends.drain().empty());
  log->begin(bus);
  log->begin(bus);
  CHECK(split(ends.drain()).size() == 1);
}

TEST_CASE("lines of a burst may wait for each other, but not for another line, and an urgent one for nothing",
          "[event]") {
  pipe_ends ends;
  event_bus bus;
  const auto log = std::make_shared<own_log>(ends.writer());
  log->begin(bus);
  constexpr std::size_t published = 50;
  for (std::size_t i = 0; i < published; ++i)
    bus.publish({}, message{"", log_level::info, std::to_string(i)});
  std::string read;
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (split(read).size() < published && std::chrono::steady_clock::now() < deadline) {
    read += ends.drain();
    std::this_thread::yield();
  }
  const auto seen = split(read);
  REQUIRE(seen.size() == published);
  for (std::size_t i = 0; i < published; ++i)
    CHECK(seen[i].ends_with("msg=" + std::to_string(i)));

  for (int i = 0; i < 3; ++i)
    bus.publish({}, message{"", log_level::info, "x"});
  bus.publish({}, message{"", log_level::warn, "y"});
  const auto now = split(ends.drain());
  REQUIRE(now.size() == 4);
  CHECK(now.back().find("level=warn") != std::string::npos);
}

TEST_CASE("what is held when the log ends is written", "[event]") {
  pipe_ends ends;
  event_bus bus;
  auto log = std::make_shared<own_log>(ends.writer());
  log->begin(bus);
  for (int i = 0; i < 10; ++i)
    bus.publish({}, message{"", log_level::info, "x"});
  bus.unsubscribe(*log);
  log.reset();
  CHECK(split(ends.drain()).size() == 10);
}
