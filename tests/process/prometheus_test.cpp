// The page's pipeline into a real Prometheus.

#include <fstream>
#include <nlohmann/json.hpp>

#include "protocol/http/url.hpp"
#include "tests/catch.hpp"
#include "tests/process/world.hpp"

using namespace troupe;
using namespace troupe::testing;
using nlohmann::json;

namespace {

/// A free port, for a program that wants to be told one.
std::uint16_t free_port() {
  http::server_options options;
  options.address = "127.0.0.1:0";
  auto server = http::server::listen(options, [](const auto&, auto) {});
  REQUIRE(server);
  return (*server)->port();
}

}  // namespace

TEST_CASE("the pipeline of the meta-monitoring page writes into Prometheus: values as scraped") {
  temporary_directory directory;
  const auto address = "127.0.0.1:" + std::to_string(free_port());
  std::ofstream(directory.file("prometheus.yml")) << "global: {}\n";
  process prometheus({"prometheus", "--config.file=" + directory.file("prometheus.yml"),
                      "--storage.tsdb.path=" + directory.file("tsdb"), "--web.listen-address=" + address,
                      "--web.enable-remote-write-receiver"},
                     directory.file("log"));
  REQUIRE(eventually([&] { return get("http://" + address + "/-/ready").status == 200; }));

  target page([](int number) {
    return "# HELP fixed_bytes A value.\n# TYPE fixed_bytes gauge\nfixed_bytes{kind=\"a\"} "
           "12.5\nfixed_bytes{kind=\"b\"} 1e+300\nmade " +
           std::to_string(number) + "\n";
  });
  collector troupe(R"(
prometheus.exporter.self "default" {
}

prometheus.scrape "metamonitoring" {
  targets    = prometheus.exporter.self.default.targets
  forward_to = [prometheus.remote_write.default.receiver]
  scrape_interval = "1s"
  scrape_timeout = "1s"
}

prometheus.scrape "page" {
  targets    = [{"__address__" = ")" +
                   page.address() + R"("}]
  forward_to = [prometheus.remote_write.default.receiver]
  scrape_interval = "500ms"
  scrape_timeout = "500ms"
}

prometheus.remote_write "default" {
  endpoint {
    url = "http://)" +
                   address + R"(/api/v1/write"
    queue_config {
      batch_send_deadline = "200ms"
    }
    metadata_config {
      send_interval = "1s"
    }
  }
}
)");
  troupe.ready();
  const auto ask = [&](const std::string& query) {
    const auto answer = json::parse(
        get("http://" + address + "/api/v1/query?query=" + http::percent_encode(query)).body, nullptr, false);
    if (answer.is_discarded() || answer["data"]["result"].empty()) return std::string();
    return answer["data"]["result"][0]["value"][1].get<std::string>();
  };
  REQUIRE(eventually([&] { return !ask("made > 3").empty(); }));
  CHECK(ask("fixed_bytes{kind=\"a\"}") == "12.5");
  CHECK(ask("fixed_bytes{kind=\"b\"}") == "1e+300");
  CHECK(ask("count(count_over_time(made[1m]) > 1)") == "1");
  REQUIRE(eventually([&] { return ask("up{job=\"integrations/self\"}") == "1"; }));
  REQUIRE(eventually([&] { return !ask("process_resident_memory_bytes{job=\"integrations/self\"}").empty(); }));
  REQUIRE(eventually(
      [&] { return ask("sum(alloy_component_controller_running_components{health_type=\"healthy\"})") == "4"; }));
  // Prometheus 2.42 takes metadata by remote write and keeps none of it; that it is sent is tested against a receiver
  // of our own.
}
