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

TEST_CASE("what the dashboards for the controller, resources and remote write query is on the page with its labels") {
  backend to;
  target page([](int) { return "# TYPE scraped_total counter\n# HELP scraped_total Times.\nscraped_total 1\n"; });
  collector troupe("prometheus.remote_write \"w\" {\n  endpoint {\n    name = \"e\"\n    url = \"" + to.url() +
                   "\"\n    queue_config {\n      batch_send_deadline = \"50ms\"\n    }\n    metadata_config {\n"
                   "      send_interval = \"1s\"\n    }\n  }\n}\n"
                   "prometheus.relabel \"r\" {\n  forward_to = [prometheus.remote_write.w.receiver]\n}\n"
                   "prometheus.scrape \"s\" {\n  targets = [{\"__address__\" = \"" +
                   page.address() +
                   "\"}]\n  forward_to = [prometheus.relabel.r.receiver]\n  scrape_interval = \"1s\"\n"
                   "  scrape_timeout = \"1s\"\n}\n");
  troupe.ready();
  REQUIRE(eventually([&] { return troupe.metric("prometheus_remote_storage_metadata_total") >= 1; }));
  REQUIRE(eventually([&] { return troupe.metric("prometheus_remote_storage_samples_total") >= 18; }));
  const auto text = get(troupe.url("/metrics")).body;
  const auto component = [](const std::string& id, const std::string& more = "") {
    return "{component_id=\"" + id + "\",component_path=\"/\"" + more + "}";
  };
  const std::string controller = "{controller_path=\"/\"";
  const std::string writer = "prometheus.remote_write.w", scrape = "prometheus.scrape.s";
  const std::string endpoint = component(writer, ",remote_name=\"e\",url=\"" + to.url() + "\"");
  const std::string job = component(scrape, ",scrape_job=\"" + scrape + "\"");
  std::vector<std::string> wanted{
      "alloy_component_controller_running_components" + controller + ",health_type=\"healthy\"}",
      "alloy_component_evaluation_seconds_count" + component(scrape),
      "alloy_component_dependencies_wait_seconds_count" + controller + "}",
      "alloy_component_evaluation_slow_seconds" + component(scrape),
      "alloy_build_info{",
      "alloy_resources_process_resident_memory_bytes ",
      "alloy_resources_process_cpu_seconds_total ",
      "alloy_resources_machine_rx_bytes_total ",
      "alloy_resources_machine_tx_bytes_total ",
      "prometheus_remote_write_wal_samples_appended_total" + component(writer),
      "prometheus_remote_write_wal_storage_active_series" + component(writer),
      "prometheus_remote_write_data_replay_duration_seconds" + component(writer),
      "prometheus_remote_storage_highest_timestamp_in_seconds" + component(writer),
      "prometheus_remote_storage_exemplars_in_total" + component(writer),
      "prometheus_wal_watcher_records_read_total" + component(writer, ",consumer=\"e\",type=\"samples\""),
      "prometheus_forwarded_samples_total" + component("prometheus.relabel.r"),
      "prometheus_forwarded_samples_total" + component(scrape),
      "prometheus_target_interval_length_seconds_count" + component(scrape, ",interval=\"1s\""),
  };
  for (const char* name : {"samples_total", "samples_failed_total", "samples_retried_total", "bytes_total",
                           "metadata_total", "metadata_failed_total", "metadata_retried_total", "metadata_bytes_total",
                           "exemplars_total", "queue_highest_sent_timestamp_seconds",
                           "sent_batch_duration_seconds_count", "shards", "shards_max", "shards_min"})
    wanted.push_back(std::string("prometheus_remote_storage_") + name + endpoint);
  for (const char* name : {"scrape_pool_targets", "scrape_pool_target_limit", "scrape_pool_sync_total",
                           "sync_failed_total", "sync_length_seconds_count"})
    wanted.push_back(std::string("prometheus_target_") + name + job);
  for (const auto& one : wanted) {
    INFO(one);
    CHECK(text.find("\n" + one) != std::string::npos);
  }
  CHECK(troupe.metric("prometheus_forwarded_samples_total", "component_id=\"prometheus.scrape.s\"") >= 18);
  CHECK(troupe.metric("prometheus_wal_watcher_records_read_total") >= 3);
}
