// The three pipelines of meta-monitoring together.

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/catch.hpp"
#include "tests/process/loki_receiver.hpp"
#include "tests/process/otlp_receiver.hpp"
#include "tests/process/world.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

/// The example that is the page's three pipelines, with its backends' addresses replaced.
std::string page(const std::string& mimir, const std::string& loki, const std::string& tempo,
                 const std::vector<std::pair<std::string, std::string>>& more = {}) {
  std::ifstream file(std::string(TROUPE_SOURCE_DIR) + "/config/examples/meta-monitoring.alloy");
  std::string text(std::istreambuf_iterator<char>(file), {});
  const auto replace = [&](const std::string& what, const std::string& by) {
    const auto at = text.find(what);
    REQUIRE(at != std::string::npos);
    text.replace(at, what.size(), by);
  };
  replace("http://mimir:9009/api/v1/push", mimir);
  replace("http://loki:3100/loki/api/v1/push", loki);
  replace("\"tempo:4317\"", "\"" + tempo + "\"\n        tls {\n            insecure = true\n        }");
  for (const auto& [what, by] : more)
    replace(what, by);
  return text;
}

}  // namespace

TEST_CASE("the page's three pipelines bring the collector's own metrics, logs and traces to their backends") {
  backend mimir;
  loki_receiver loki;
  otlp_receiver tempo;
  collector troupe(page(mimir.url(), loki.url(), tempo.endpoint(),
                        {{"level    = \"warn\"", "level    = \"info\""},
                         {"sampling_fraction = 0.1", "sampling_fraction = 1"},
                         {"targets    =", "scrape_interval = \"1s\"\n  scrape_timeout = \"1s\"\n  targets    ="}}));
  troupe.ready();
  REQUIRE(eventually([&] { return !mimir.samples_of("alloy_build_info").empty(); }));
  REQUIRE(eventually([&] { return !loki.lines().empty(); }));
  REQUIRE(eventually([&] {
    const auto spans = tempo.spans();
    return std::any_of(spans.begin(), spans.end(), [](const auto& s) { return s.name == "deliver"; });
  }));
  CHECK(loki.lines().front().starts_with("{\"ts\":"));
  CHECK(loki.errors().empty());
  CHECK(mimir.errors().empty());
  CHECK(get(troupe.url("/-/healthy")).status == 200);
  troupe.program().signal(SIGTERM);
  CHECK(troupe.program().wait() == 0);
}

TEST_CASE("own telemetry does not feed itself: dead backends, debug, everything sampled") {
  // Nothing listens there: the ports of receivers that are gone.
  std::string dead_mimir, dead_loki, dead_tempo;
  {
    backend mimir;
    loki_receiver loki;
    otlp_receiver tempo;
    dead_mimir = mimir.url(), dead_loki = loki.url(), dead_tempo = tempo.endpoint();
  }
  collector troupe(page(dead_mimir, dead_loki, dead_tempo,
                        {{"level    = \"warn\"", "level    = \"debug\""},
                         {"sampling_fraction = 0.1", "sampling_fraction = 1"},
                         {"targets    =", "scrape_interval = \"1s\"\n  scrape_timeout = \"1s\"\n  targets    ="}}));
  troupe.ready();
  const auto lines = [&] {
    const auto out = troupe.program().output();
    return static_cast<double>(std::count(out.begin(), out.end(), '\n'));
  };
  const auto items = [&](const char* from) { return troupe.metric("troupe_edge_pushed_items_total", from); };
  // The same number of scrapes twice: the second period makes no more lines and spans than the first. Spans travel
  // every five seconds: in as many seconds as scrapes three or four times.
  constexpr int scrapes = 16;
  struct counts {
    double samples, lines, entries, spans;
  };
  const auto now = [&] {
    return counts{items("from=\"prometheus.scrape"), lines(), items("from=\"logging\""), items("from=\"tracing\"")};
  };
  const auto after_scrapes = [&](double more) {
    const auto from = troupe.metric("troupe_edge_pushed_batches_total", "from=\"prometheus.scrape");
    REQUIRE(eventually(
        [&] { return troupe.metric("troupe_edge_pushed_batches_total", "from=\"prometheus.scrape") >= from + more; },
        60s));
    return now();
  };
  const auto begin = after_scrapes(3);
  const auto middle = after_scrapes(scrapes);
  const auto end = after_scrapes(scrapes);
  REQUIRE(middle.entries > begin.entries);
  REQUIRE(middle.spans > begin.spans);
  CHECK(end.lines - middle.lines <= 1.5 * (middle.lines - begin.lines));
  CHECK(end.entries - middle.entries <= 1.5 * (middle.entries - begin.entries));
  CHECK(end.spans - middle.spans <= 1.5 * (middle.spans - begin.spans));
  // A scrape a second and whatever it leads to, not one line for each line.
  CHECK(end.entries - middle.entries < scrapes * 100);
  CHECK(end.spans - middle.spans < scrapes * 100);
}
