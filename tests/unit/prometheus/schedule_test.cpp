#include "actors/prometheus/scrape/schedule.hpp"

#include <set>

#include "actors/prometheus/scrape/target.hpp"
#include "tests/catch.hpp"

using namespace troupe::prometheus;

namespace {

constexpr std::int64_t second = 1'000'000'000;

}  // namespace

TEST_CASE("a target's ticks are an interval apart, whenever one asks") {
  const schedule one({{"job", "a"}}, "http://a/metrics", 15 * second, offset_seed("host"));
  const auto first = one.next(1'700'000'000 * second);
  CHECK(first >= 1'700'000'000 * second);
  CHECK(first < 1'700'000'015 * second);
  CHECK(one.next(first) == first);
  CHECK(one.next(first + 1) == first + 15 * second);
  CHECK(one.next(first - 1) == first);
  for (std::int64_t at = first; at < first + 15 * second; at += second / 7 * 3)
    CHECK((one.next(at) - first) % (15 * second) == 0);
}

TEST_CASE("targets are spread over the interval, the same target over hosts, and many share a slot") {
  std::set<std::int64_t> phases, hosts;
  for (int i = 0; i < 500; ++i) {
    const schedule one({{"instance", "host-" + std::to_string(i)}}, "http://x/metrics", 60 * second,
                       offset_seed("host"));
    phases.insert(one.next(0) % (60 * second));
    hosts.insert(
        schedule({{"instance", "a"}}, "http://x/metrics", 60 * second, offset_seed("host-" + std::to_string(i)))
            .next(0));
  }
  CHECK(phases.size() > 200);
  CHECK(phases.size() <= 300);
  CHECK(*phases.begin() < 6 * second);
  CHECK(*phases.rbegin() > 54 * second);
  CHECK(hosts.size() > 200);
}

TEST_CASE("a scrape that begins close enough to its tick has the tick's timestamp") {
  const schedule slow({}, "u", 15 * second, 1), quick({}, "u", second / 10, 1);
  const std::int64_t tick = 1'700'000'000 * second;
  CHECK(slow.timestamp_ms(tick, tick + 1'900'000) == tick / 1'000'000);
  CHECK(slow.timestamp_ms(tick, tick + 3'000'000) == tick / 1'000'000 + 3);
  CHECK(quick.timestamp_ms(tick, tick + 900'000) == tick / 1'000'000);
  CHECK(quick.timestamp_ms(tick, tick + 1'500'000) == tick / 1'000'000 + 1);
}

TEST_CASE("what a target becomes") {
  scraping::arguments arguments;
  arguments.params = {{"module", {"a", "b"}}};
  const auto made = make_target({{"__address__", "h:1"}, {"env", "x"}, {"__meta_y", "z"}}, arguments, "j");
  REQUIRE(made);
  CHECK(made->url == "http://h:1/metrics?module=a&module=b");
  CHECK(made->labels == troupe::telemetry::label_set{{"env", "x"}, {"instance", "h:1"}, {"job", "j"}});
  CHECK(made->interval_ns == 60 * second);
  CHECK(made->timeout_ns == 10 * second);
}

TEST_CASE("labels of a target win over the arguments") {
  const auto made = make_target({{"__address__", "h:1"},
                                 {"__scheme__", "https"},
                                 {"__metrics_path__", "/p"},
                                 {"__param_module", "c"},
                                 {"__scrape_interval__", "5s"},
                                 {"__scrape_timeout__", "3s"},
                                 {"job", "own"},
                                 {"instance", "i"}},
                                {}, "j");
  REQUIRE(made);
  CHECK(made->url == "https://h:1/p?module=c");
  CHECK(made->interval_ns == 5 * second);
  CHECK(made->timeout_ns == 3 * second);
  CHECK(made->labels.get("job") == "own");
  CHECK(made->labels.get("instance") == "i");
}

TEST_CASE("a target's interval is written as Prometheus writes it") {
  const auto interval = [](const char* text) {
    const auto made = make_target({{"__address__", "h:1"}, {"__scrape_interval__", text}}, {}, "j");
    return made ? made->interval_ns : -1;
  };
  CHECK(interval("90s") == 90 * second);
  CHECK(interval("1m30s") == 90 * second);
  CHECK(interval("1d12h") == 36 * 3600 * second);
  CHECK(interval("1w") == 7 * 24 * 3600 * second);
  CHECK(interval("1y") == 365LL * 24 * 3600 * second);
  CHECK(interval("15s500ms") == 15 * second + second / 2);
  CHECK(interval("") == 60 * second);
  for (const char* wrong :
       {"1.5m", "30s1m", "1m1m", "-1m", "1", "m", "1us", "1 m", "0", "0s", "300y", "99999999999999999999s"}) {
    INFO(wrong);
    CHECK(interval(wrong) == -1);
  }
}

TEST_CASE("targets that cannot be scraped say why") {
  const auto why = [](scraping::target_labels labels) { return make_target(labels, {}, "j").error().message; };
  CHECK(why({}) == "no address");
  CHECK(why({{"__address__", "h:1"}, {"__scrape_interval__", "soon"}}).find("scrape interval") != std::string::npos);
  CHECK(why({{"__address__", "h:1"}, {"__scrape_interval__", "0s"}}).find("greater than 0") != std::string::npos);
  CHECK(why({{"__address__", "h:1"}, {"__scrape_interval__", "5s"}}).find("cannot be greater than scrape interval") !=
        std::string::npos);
  CHECK(why({{"__address__", "h:1/x"}}).find("h:1/x") != std::string::npos);
  CHECK(why({{"__address__", "h:1"}, {"a", "\xff"}}).find("invalid label value") != std::string::npos);
}
