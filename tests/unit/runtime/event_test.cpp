#include <atomic>
#include <cstdlib>
#include <new>
#include <set>
#include <thread>

#include "actors/runtime/event_bus.hpp"
#include "tests/catch.hpp"

using namespace troupe::runtime;
using namespace std::chrono_literals;

namespace {

std::string text_of(const field_value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) return std::string(*text);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* real = std::get_if<double>(&value)) return std::to_string(*real);
  if (const auto* took = std::get_if<std::chrono::nanoseconds>(&value)) return std::to_string(took->count()) + "ns";
  return std::get<bool>(value) ? "true" : "false";
}

std::string text_of(const event& what) {
  std::string out(what.kind().name);
  out.append(" ").append(to_string(what.level()));
  if (!what.header().component_id.empty()) out.append(" of ").append(what.header().component_id);
  what.visit([&](std::string_view name, const field_value& value) {
    out.append(" ").append(name).append("=").append(text_of(value));
  });
  return out;
}

struct recorder : event_subscriber {
  explicit recorder(event_interest wanted) : wanted(wanted) {}
  event_interest interest() const override { return wanted; }
  void on_event(const event& what) noexcept override {
    const std::lock_guard lock(mutex);
    seen.push_back(text_of(what));
    if (during) during(what);
  }
  void want(event_interest other) {
    wanted = other;
    interest_changed();
  }
  event_interest wanted;
  std::mutex mutex;
  std::vector<std::string> seen;
  std::function<void(const event&)> during;
};

auto listen(event_bus& bus, event_interest wanted) {
  auto who = std::make_shared<recorder>(wanted);
  bus.subscribe(who);
  return who;
}

std::atomic<std::uint64_t> allocations{0};

}  // namespace

// The whole program's, so that allocations can be counted; not inlined, or gcc takes new and free for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

TEST_CASE("the fields of an event are visited in order, each as what it is", "[event]") {
  event_bus bus;
  const auto who = listen(bus, event_interest().all(log_level::debug));
  struct row {
    std::function<void()> publish;
    std::string expected;
  };
  const event_header from{.component_id = "a.b.c"};
  const std::vector<row> table = {
      {[&] { bus.publish(from, spawned{}); }, "spawned debug of a.b.c"},
      {[&] { bus.publish(from, failed{"it broke"}); }, "failed error of a.b.c err=it broke"},
      {[&] {
         bus.publish({}, restarted{150ms, 3});
       },
       "restarted warn delay=150000000ns attempt=3"},
      {[&] { bus.publish({}, stopped{}); }, "stopped debug"},
      {[&] { bus.publish({}, stopped{"late"}); }, "stopped error err=late"},
      {[&] {
         bus.publish({}, shutdown_ended{true, 2s});
       },
       "shutdown_ended info drained=true duration=2000000000ns"},
      {[&] {
         bus.publish({}, batch_delivered{"", "default", 10, 200, 5ms});
       },
       "batch_delivered debug endpoint=default items=10 bytes=200 duration=5000000ns"},
      {[&] {
         bus.publish({}, batch_retried{"", "default", "no route", 0, 1, 0, true});
       },
       "batch_retried warn endpoint=default err=no route attempt=1"},
      {[&] {
         bus.publish({}, scrape_failed{"", "http://x", "refused", 0s, true});
       },
       "scrape_failed warn target=http://x err=refused"},
      {[&] {
         bus.publish({}, scrape_failed{"", "http://x", "refused", 0s, false});
       },
       "scrape_failed debug target=http://x err=refused"},
      {[&] {
         bus.publish({}, config_warned{"old", "a:1:2", "env"});
       },
       "config_warned warn function=env place=a:1:2"},
      {[&] {
         bus.publish({}, message{"p.s.x", log_level::warn, "hm"});
       },
       "message warn component=p.s.x"},
  };
  for (const auto& [publish, expected] : table) {
    publish();
    CHECK(who->seen.back() == expected);
  }
  CHECK(who->seen.size() == table.size());
}

TEST_CASE("the table of events is made from the structs", "[event]") {
  const auto types = event_types();
  REQUIRE(types.size() == all_events::size);
  std::set<std::string_view> names;
  for (const auto& type : types) {
    CAPTURE(type.name);
    CHECK(names.insert(type.name).second);
    CHECK(type.message.empty() == (type.name == "message"));
  }
  const event_type& delivered = types[event_index<batch_delivered>()];
  CHECK(delivered.name == "batch_delivered");
  CHECK(delivered.level == log_level::debug);
  CHECK(delivered.message == "batch delivered");
  CHECK(std::string_view(delivered.span) == "deliver");
  CHECK(std::vector<std::string_view>(delivered.fields.begin(), delivered.fields.end()) ==
        std::vector<std::string_view>{"component", "endpoint", "items", "bytes", "duration"});
  CHECK(types[event_index<spawned>()].span == nullptr);
}

TEST_CASE("a subscriber reads an event as its struct", "[event]") {
  event_bus bus;
  const auto who = listen(bus, event_interest().all(log_level::debug));
  unsigned read = 0;
  who->during = [&](const event& what) {
    const auto* const delivered = what.get<batch_delivered>();
    REQUIRE(delivered);
    CHECK(delivered->items == 7);
    CHECK(what.get<batch_dropped>() == nullptr);
    CHECK(what.took() == 3ms);
    CHECK(what.message() == "batch delivered");
    CHECK(what.header().component_id == "x");
    ++read;
  };
  bus.publish({.component_id = "x"}, batch_delivered{"x", "e", 7, 1, 3ms});
  CHECK(read == 1);
}

TEST_CASE("what is done to deliver own telemetry is not reported", "[event]") {
  event_bus bus;
  const auto logs = listen(bus, event_interest().all(log_level::debug).sampled_spans());
  const event_header own{.self_telemetry = true, .trace = {.sampled = true}};
  bus.publish(own, batch_delivered{"x", "e", 7, 1, 3ms});
  bus.publish(own, batch_dropped{"x", "e", 7, "refused", "no", 0, true});
  CHECK(logs->seen.empty());
  bus.publish({}, batch_dropped{"x", "e", 7, "refused", "no", 0, true});
  CHECK(logs->seen.size() == 1);
}

TEST_CASE("an event without a time gets one, another keeps its own", "[event]") {
  event_bus bus;
  const auto who = listen(bus, event_interest().all(log_level::debug));
  std::vector<std::chrono::system_clock::time_point> times;
  who->during = [&](const event& what) { times.push_back(what.header().time); };
  const auto before = std::chrono::system_clock::now();
  bus.publish({}, spawned{});
  bus.publish({.time = std::chrono::system_clock::time_point(1s)}, spawned{});
  CHECK(times[0] >= before);
  CHECK(times[1] == std::chrono::system_clock::time_point(1s));
}

TEST_CASE("subscribers get what they want", "[event]") {
  event_bus bus;
  const auto loud = listen(bus, event_interest().all(log_level::warn));
  const auto spans = listen(bus, event_interest().sampled_spans());
  const auto some = listen(bus, event_interest().of<spawned, failed>(log_level::info));
  bus.publish({}, spawned{});
  bus.publish({}, failed{"x"});
  bus.publish({}, batch_delivered{"", "e", 1, 1, 1ms});
  CHECK(spans->seen.empty());
  bus.publish({.trace = {.sampled = true}}, batch_delivered{"", "e", 1, 1, 1ms});
  CHECK(loud->seen == std::vector<std::string>{"failed error err=x"});
  CHECK(spans->seen.size() == 1);
  CHECK(some->seen == std::vector<std::string>{"failed error err=x"});

  SECTION("also when that changes") {
    loud->want(event_interest().all(log_level::debug));
    bus.publish({}, spawned{});
    CHECK(loud->seen.back() == "spawned debug");
    loud->want(event_interest().all(log_level::error));
    bus.publish({}, restarted{});
    CHECK(loud->seen.size() == 2);
  }
  SECTION("until they are unsubscribed") {
    bus.unsubscribe(*loud);
    bus.publish({}, failed{"y"});
    CHECK(loud->seen.size() == 1);
    CHECK(some->seen.size() == 2);
    CHECK(loud.use_count() == 1);
    loud->want(event_interest().all(log_level::debug));
    bus.publish({}, failed{"z"});
    CHECK(loud->seen.size() == 1);
  }
}

TEST_CASE("an event that nobody wants allocates nothing", "[event]") {
  event_bus bus;
  const auto who = listen(bus, event_interest().all(log_level::info));
  const auto before = allocations.load();
  for (int i = 0; i < 1000; ++i)
    bus.publish({.component_id = "a"}, batch_delivered{"component", "endpoint", 1, 2, 3ms});
  CHECK(allocations.load() == before);
  CHECK(who->seen.empty());
}

TEST_CASE("events before the first subscriber are kept, with their texts", "[event]") {
  event_bus bus;
  {
    std::string id = "prometheus.scrape.somewhere.quite.long", text = "a text that nobody holds any longer";
    bus.publish({.component_id = id, .component_path = "/module.x"}, message{"", log_level::warn, text});
    bus.publish({.component_id = id}, failed{text});
    id.assign(id.size(), '#'), text.assign(text.size(), '#');
  }
  bus.publish({}, spawned{});
  std::vector<std::string> details;
  const auto who = std::make_shared<recorder>(event_interest().all(log_level::info));
  who->during = [&](const event& what) {
    details.push_back(std::string(what.message()) + " " + std::string(what.header().component_path));
    CHECK(what.header().time != std::chrono::system_clock::time_point());
  };
  bus.subscribe(who);
  CHECK(who->seen ==
        std::vector<std::string>{
            "message warn of prometheus.scrape.somewhere.quite.long",
            "failed error of prometheus.scrape.somewhere.quite.long err=a text that nobody holds any longer"});
  CHECK(details == std::vector<std::string>{"a text that nobody holds any longer /module.x", "component failed /"});

  SECTION("for the first one only") {
    const auto second = listen(bus, event_interest().all(log_level::debug));
    CHECK(second->seen.empty());
    bus.publish({}, failed{"x"});
    CHECK(second->seen.size() == 1);
  }
}

TEST_CASE("one that does not care for early events leaves them to the next", "[event]") {
  event_bus bus;
  bus.publish({}, failed{"1"});
  const auto counting = listen(bus, event_interest().all(log_level::debug).early(false));
  bus.publish({}, failed{"2"});
  CHECK(counting->seen.size() == 1);
  const auto logging = listen(bus, event_interest().all(log_level::debug));
  CHECK(logging->seen == std::vector<std::string>{"failed error err=1", "failed error err=2"});
  bus.publish({}, failed{"3"});
  CHECK(counting->seen.size() == 2);
  CHECK(logging->seen.size() == 3);
}

TEST_CASE("of too many early events the oldest go, counted and said", "[event]") {
  event_bus bus;
  for (std::uint64_t i = 0; i < event_bus::max_early + 5; ++i)
    bus.publish({}, restarted{0s, i});
  CHECK(bus.early_lost() == 5);
  const auto who = listen(bus, event_interest().all(log_level::debug));
  REQUIRE(who->seen.size() == event_bus::max_early + 1);
  CHECK(who->seen.front() == "restarted warn delay=0ns attempt=5");
  CHECK(who->seen.back() == "early_events_lost warn events=5");
}

TEST_CASE("a subscriber that answers its own events is stopped", "[event]") {
  struct echo : event_subscriber {
    explicit echo(event_bus& bus) : bus(bus) {}
    event_interest interest() const override { return event_interest().all(log_level::debug); }
    void on_event(const event&) noexcept override {
      ++calls;
      bus.publish({}, failed{"again"});
    }
    event_bus& bus;
    unsigned calls = 0;
  };
  event_bus bus;
  const auto who = std::make_shared<echo>(bus);
  bus.subscribe(who);
  bus.publish({}, failed{"once"});
  CHECK(who->calls == 4);
  CHECK(bus.nested_lost() == 1);
  bus.publish({}, failed{"twice"});
  CHECK(who->calls == 8);
}

TEST_CASE("many threads publish while subscribers come and go", "[event]") {
  event_bus bus;
  constexpr int threads = 4, each = 2000;
  std::vector<std::thread> publishers;
  for (int t = 0; t < threads; ++t) {
    publishers.emplace_back([&bus] {
      for (std::uint64_t i = 0; i < each; ++i)
        bus.publish({.component_id = "t"}, restarted{0s, i});
    });
  }
  const auto steady = listen(bus, event_interest().all(log_level::debug));
  for (int i = 0; i < 100; ++i)
    bus.unsubscribe(*listen(bus, event_interest().all(log_level::debug)));
  for (auto& one : publishers)
    one.join();
  const auto restarts = std::count_if(steady->seen.begin(), steady->seen.end(),
                                      [](const std::string& one) { return one.starts_with("restarted"); });
  CHECK(static_cast<std::uint64_t>(restarts) + bus.early_lost() == threads * each);
}
