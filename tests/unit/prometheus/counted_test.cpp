// What the components count of themselves, under the names of Alloy and Prometheus.

#include "actors/prometheus/exporter_self/exporter_self.hpp"
#include "actors/prometheus/relabel/relabel.hpp"
#include "actors/prometheus/remote_write/remote_write.hpp"
#include "actors/prometheus/remote_write/remote_write_1.hpp"
#include "actors/prometheus/scrape/scrape.hpp"
#include "protocol/http/server.hpp"
#include "tests/unit/prometheus/component_rig.hpp"

using namespace troupe;
using namespace troupe::prometheus;
using namespace std::chrono_literals;

namespace {

runtime::metrics_receiver receiver(const std::string& of) {
  return {std::make_shared<const runtime::receiver>(of, telemetry::signal::metrics)};
}

/// Two targets where one is allowed: each scrape fails without asking anybody.
struct scrape_rig : testing::component_rig<scrape> {
  scraping::arguments arguments;
  scrape_rig() : component_rig(scraping::schema()) {
    arguments.targets = {{{"__address__", "a:1"}}, {{"__address__", "b:1"}}, {{"env", "no address"}}};
    arguments.target_limit = 1;
    arguments.scrape_interval = 10s;
    arguments.scrape_timeout = 1s;
    arguments.job_name = "j";
  }
  void start() { component_rig::start(std::make_shared<const scraping::arguments>(arguments)); }
  void update() { of->update(std::make_shared<const scraping::arguments>(arguments)); }
  double target_metric(const std::string& name, const std::string& labels = "") const {
    return world.metric("prometheus_target_" + name, labels).value_or(-1);
  }
};

}  // namespace

TEST_CASE_METHOD(scrape_rig, "what a pool's targets are, by its job") {
  start();
  const std::string job = "scrape_job=\"j\"";
  CHECK(target_metric("scrape_pools_total") == 1);
  CHECK(target_metric("scrape_pools_failed_total") == 0);
  CHECK(target_metric("scrape_pool_targets", job) == 2);
  CHECK(target_metric("scrape_pool_target_limit", job) == 1);
  CHECK(target_metric("scrape_pool_sync_total", job) == 1);
  CHECK(target_metric("sync_failed_total", job) == 1);
  CHECK(target_metric("sync_length_seconds_count", job) == 1);
  CHECK(world.metric("prometheus_scrape_targets_gauge") == 2);
  CHECK(target_metric("scrape_pool_reloads_total") == 0);
  update();
  CHECK(target_metric("scrape_pool_sync_total", job) == 2);
  CHECK(target_metric("sync_failed_total", job) == 2);
  CHECK(target_metric("scrape_pool_reloads_total") == 1);
  CHECK(target_metric("reload_length_seconds_count", "interval=\"10s\"") == 1);
}

TEST_CASE_METHOD(scrape_rig, "with another job name the series of the old one go") {
  start();
  arguments.job_name = "k";
  update();
  for (const char* name : {"scrape_pool_targets", "scrape_pool_target_limit", "scrape_pool_sync_total",
                           "sync_failed_total", "sync_length_seconds_count"}) {
    INFO(name);
    CHECK(target_metric(name, "scrape_job=\"j\"") == -1);
    CHECK(target_metric(name, "scrape_job=\"k\"") > 0);
  }
}

TEST_CASE_METHOD(scrape_rig, "arguments that can't be applied are a failed reload") {
  start();
  arguments.client.tls.ca_file = "/nonexistent/ca.pem";
  update();
  CHECK(target_metric("scrape_pool_reloads_failed_total") == 1);
  CHECK(target_metric("scrape_pool_reloads_total") == 0);
}

TEST_CASE_METHOD(scrape_rig, "how far scrapes are apart, by the interval") {
  start();
  const auto count = [&] { return target_metric("interval_length_seconds_count", "interval=\"10s\""); };
  for (int i = 0; i < 10; ++i)
    pass(1s);
  CHECK(count() == 0);  // the first scrape of each has none before it
  for (int i = 0; i < 20; ++i)
    pass(1s);
  CHECK(count() == 4);
  const auto sum = target_metric("interval_length_seconds_sum", "interval=\"10s\"");
  CHECK(sum >= 36);
  CHECK(sum <= 44);
}

TEST_CASE_METHOD(scrape_rig, "a sample is forwarded once, however many receivers there are") {
  arguments.forward_to = {receiver("x"), receiver("y")};
  start();
  for (int i = 0; i < 10; ++i)
    pass(1s);
  CHECK(world.metric("prometheus_forwarded_samples_total") == 2 * 5);
}

TEST_CASE_METHOD(scrape_rig, "without a receiver no sample is forwarded") {
  start();
  for (int i = 0; i < 10; ++i)
    pass(1s);
  CHECK(world.metric("prometheus_forwarded_samples_total") == 0);
}

TEST_CASE("scrapes that fail for a limit of labels") {
  runtime::own_metrics metrics;
  const auto component = metrics.component("test");
  scrape_metrics counts(*component);
  page_outcome good, bad;
  bad.error = "label_limit exceeded";
  bad.label_limit_hit = true;
  counts.outcome(good);
  counts.outcome(bad);
  CHECK(metrics.page({}).find("prometheus_target_scrape_pool_exceeded_label_limits_total{component_id=\"test\","
                              "component_path=\"/\"} 1\n") != std::string::npos);
}

TEST_CASE("a scrape of own metrics sees itself in flight") {
  struct keeper final : http::responder {
    void respond(int, std::string_view, std::string body, http::header_fields) override { page = std::move(body); }
    void begin(int, std::string_view, http::header_fields) override {}
    bool send(std::string_view) override { return true; }
    void end() override {}
    std::string page;
  };
  testing::component_rig<exporter_self> rig(exporting_self::schema());
  rig.start(std::make_shared<const exporter_self::arguments_type>());
  const auto answer = std::make_shared<keeper>();
  REQUIRE(rig.of->serve("metrics", {}, answer));
  CHECK(
      answer->page.find("promhttp_metric_handler_requests_in_flight{component_id=\"test\",component_path=\"/\"} 1\n") !=
      std::string::npos);
  CHECK(rig.world.metric("promhttp_metric_handler_requests_in_flight") == 0);
}

TEST_CASE("what a relabelling forwards, knows and forgets") {
  testing::component_rig<troupe::prometheus::relabel> rig(relabelling::schema());
  auto arguments = std::make_shared<relabelling::arguments>();
  arguments->forward_to = {receiver("x"), receiver("y")};
  relabelling::rule drop;
  drop.action = "drop";
  drop.source_labels = {"__name__"};
  drop.regex = "b";
  arguments->rules = {drop};
  rig.start(arguments);
  rig.take(testing::batch_of({"a ", "b ", "c "}));
  CHECK(rig.world.metric("prometheus_forwarded_samples_total") == 2);
  CHECK(rig.world.metric("alloy_prometheus_relabel_metrics_processed") == 3);
  CHECK(rig.world.metric("alloy_prometheus_relabel_cache_deletes") == 0);
  // Nobody but the cell holds these blocks, and it forgets them once they are settled.
  for (int i = 0; i < 1000; ++i)
    rig.take(testing::batch_of({"b "}));
  const auto misses = rig.world.metric("alloy_prometheus_relabel_cache_misses").value();
  const auto deletes = rig.world.metric("alloy_prometheus_relabel_cache_deletes").value();
  CHECK(misses == 1001);
  CHECK(deletes > 0);
  CHECK(misses == deletes + rig.world.metric("alloy_prometheus_relabel_cache_size").value());
}

TEST_CASE("what a remote write takes in, and how long its journal took to open") {
  testing::component_rig<remote_write_component> rig(remote_writing::schema());
  auto arguments = std::make_shared<remote_writing::arguments>();
  arguments->endpoints.resize(1);
  arguments->endpoints[0].url = "http://127.0.0.1:1/write";
  rig.start(arguments);
  CHECK(rig.world.metric("prometheus_remote_write_data_replay_duration_seconds") == 0);  // time stands still
  CHECK(rig.world.metric("prometheus_remote_write_wal_corruptions_total") == 0);
  auto batch = testing::batch_of({"a ", "b "});
  batch->exemplars = {{0, "{trace_id=\"x\"}", 1, batch->timestamp_ms}};
  rig.take(batch);
  CHECK(rig.world.metric("prometheus_remote_storage_samples_in_total") == 2);
  CHECK(rig.world.metric("prometheus_remote_storage_exemplars_in_total") == 1);
  CHECK(rig.world.metric("prometheus_remote_write_wal_exemplars_appended_total") == 1);
  CHECK(rig.world.metric("prometheus_remote_write_wal_storage_active_series") == 2);
}

TEST_CASE("series are active from their first sample until their source marks them stale or is long silent") {
  active_series active;
  const auto saw = [&](std::vector<std::string> series, bool stale, std::uint64_t lane, std::int64_t time_ms = 1000) {
    auto batch = testing::batch_of(series);
    auto block = std::make_shared<telemetry::series_block>(*batch->block);
    block->set_lane(lane);
    batch->block = block;
    batch->timestamp_ms = time_ms;
    if (stale) batch->values.assign(series.size(), telemetry::stale_marker());
    active.saw(*batch);
    return active.count();
  };
  CHECK(saw({"a ", "b "}, false, 1) == 2);
  CHECK(saw({"a ", "b "}, false, 1) == 2);
  CHECK(saw({"a "}, false, 2) == 3);
  CHECK(saw({"b "}, true, 1) == 2);  // a page without b follows
  CHECK(saw({"a ", "c "}, false, 1) == 3);
  CHECK(saw({"a ", "c "}, true, 1) == 1);
  CHECK(saw({"z "}, true, 3) == 1);  // never seen, and gone
  saw({"q "}, false, 3, 3600 * 1000);
  active.forget_silent();
  CHECK(active.count() == 2);
  saw({"q "}, false, 3, 3600 * 1000 + 1001);
  active.forget_silent();
  CHECK(active.count() == 1);
}

TEST_CASE("what an endpoint reads, and what becomes of its exemplars") {
  testing::component_rig<remote_write_component> rig(remote_writing::schema());
  runtime::component_context context{*rig.of, rig.world.shared};
  auto under_test = std::make_unique<remote_write_1>(context, "n");
  remote_writing::endpoint_arguments arguments;
  arguments.url = "http://127.0.0.1:1/write";
  REQUIRE(under_test->update(arguments, {}));
  const auto counted = [&](const std::string& name) {
    return rig.world
        .metric("prometheus_remote_storage_exemplars_" + name, "remote_name=\"n\",url=\"http://127.0.0.1:1/write\"")
        .value_or(-1);
  };
  const auto records = [&] {
    return rig.world.metric("prometheus_wal_watcher_records_read_total", "consumer=\"n\",type=\"samples\"");
  };
  auto batch = testing::batch_of({"a ", "b "});
  batch->exemplars = {{0, "{trace_id=\"x\"}", 1, batch->timestamp_ms}, {1, "{trace_id=\"y\"}", 1, batch->timestamp_ms}};
  const auto prepared = under_test->prepare(batch);
  (void)under_test->prepare(batch);
  CHECK(records() == 2);
  const auto body = under_test->build(std::vector<writer::part>{{batch.get(), prepared.how.get(), 0}});
  CHECK(counted("total") == 0);
  under_test->send(body, 0, 0, [](writer::reply) {});
  CHECK(counted("retried_total") == 0);
  under_test->send(body, 0, 1, [](writer::reply) {});
  CHECK(counted("retried_total") == 2);
  under_test->on_delivered({2, body->bytes.size(), batch->timestamp_ms, 1s, 0, body.get()});
  CHECK(counted("total") == 2);
  CHECK(counted("failed_total") == 0);
  under_test->on_dropped(*body, 0, 2, {});
  CHECK(counted("failed_total") == 2);
  under_test.reset();
  CHECK(counted("total") == -1);
  CHECK_FALSE(records());
}
