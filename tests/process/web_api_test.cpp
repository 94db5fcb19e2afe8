// What the page asks, asked without a browser; and `troupe tap`.

#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/catch.hpp"
#include "tests/process/world.hpp"

using namespace troupe;
using namespace troupe::testing;
using nlohmann::json;

namespace {

std::string pipeline(const target& from, const backend& to, const std::string& more = "") {
  return "prometheus.scrape \"t\" {\n  targets = [{\"__address__\" = \"" + from.address() +
         "\"}]\n  forward_to = [prometheus.relabel.t.receiver]\n  scrape_interval = \"200ms\"\n"
         "  scrape_timeout = \"200ms\"\n}\n"
         "prometheus.relabel \"t\" {\n  forward_to = [prometheus.remote_write.t.receiver]\n}\n"
         "prometheus.remote_write \"t\" {\n  endpoint {\n    url = \"" +
         to.url() +
         "\"\n    basic_auth {\n      username = \"me\"\n      password = \"hunter2\"\n    }\n"
         "    queue_config {\n      batch_send_deadline = \"100ms\"\n    }\n  }\n}\n" +
         more;
}

std::string few(int number) {
  return "scrapes " + std::to_string(number) + "\n";
}
std::string many(int) {
  std::string page;
  for (int i = 0; i < 5000; ++i)
    page += "many{n=\"" + std::to_string(i) + "\"} 1\n";
  return page;
}

json ask(const collector& troupe, const std::string& path) {
  const auto got = get(troupe.url(path));
  INFO(path << ": " << got.body << got.error);
  REQUIRE(got.status == 200);
  return json::parse(got.body);
}

json component(const json& status, const std::string& id) {
  for (const auto& one : status["components"]) {
    if (one["id"] == id) return one;
  }
  return {};
}

/// `troupe tap` beside a collector.
struct tapping {
  tapping(const collector& from, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {TROUPE_PROGRAM, "tap"});
    arguments.insert(arguments.end(), {"--server", from.url("")});
    program = std::make_unique<process>(std::move(arguments), directory.file("out"));
  }
  temporary_directory directory;
  std::unique_ptr<process> program;
};

}  // namespace

TEST_CASE("the status tells of every component and edge, and each ledger balances at every reading") {
  target from(few);
  backend to;
  collector troupe(pipeline(from, to));
  troupe.ready();
  for (int reading = 0; reading < 20; ++reading) {
    const auto status = ask(troupe, "/api/v0/web/status");
    CHECK(status["ready"] == true);
    CHECK(status["load"]["ok"] == true);
    CHECK(status["components"].size() == 3);
    for (const auto& edge : status["edges"]) {
      for (const char* unit : {"batches", "items"}) {
        std::uint64_t dropped = 0;
        for (const auto& [reason, lost] : edge["dropped"].items())
          dropped += lost[unit].get<std::uint64_t>();
        CHECK(edge["pushed"][unit] ==
              edge["settled"][unit].get<std::uint64_t>() + dropped + edge["in_flight"][unit].get<std::uint64_t>());
      }
    }
  }
  REQUIRE(eventually([&] {
    const auto status = ask(troupe, "/api/v0/web/status");
    return status["edges"].size() == 2 && component(status, "prometheus.scrape.t")["outside"]["received"] > 3 &&
           component(status, "prometheus.remote_write.t")["outside"]["delivered"] > 3 &&
           component(status, "prometheus.relabel.t")["busy_seconds"] > 0;
  }));
  CHECK_FALSE(component(ask(troupe, "/api/v0/web/status"), "prometheus.relabel.t").contains("outside"));

  to.answers([](int) { return backend::answer{.status = 503, .words = "asleep", .keep = false}; });
  REQUIRE(eventually([&] {
    const auto writer = component(ask(troupe, "/api/v0/web/status"), "prometheus.remote_write.t");
    return writer["outside"]["waiting"] > 5 && writer["health"]["state"] == "unhealthy" &&
           writer["health"]["message"].get<std::string>().find("asleep") != std::string::npos;
  }));
  // Since when: not since the last failure.
  const auto health = [&] {
    return component(ask(troupe, "/api/v0/web/status"), "prometheus.remote_write.t")["health"];
  };
  const auto first = health();
  REQUIRE(eventually([&] { return health()["updated_ms"] != first["updated_ms"]; }));
  CHECK(health()["since_ms"] == first["since_ms"]);
}

TEST_CASE(
    "the configuration is shown without secrets, a check says what a reload would do, a failed one what was wrong") {
  target from(few);
  backend to;
  collector troupe(pipeline(from, to));
  troupe.ready();
  const auto config = ask(troupe, "/api/v0/web/config");
  const auto text = config["files"][0]["text"].get<std::string>();
  CHECK(text.find("hunter2") == std::string::npos);
  CHECK(text.find("password = \"(secret)\"") != std::string::npos);
  CHECK(config["blocks"][1]["id"] == "prometheus.remote_write.t");
  CHECK(config["blocks"][1]["line"] == 10);
  CHECK(config["blocks"][1]["end_line"] == 21);

  const auto checked = [&] {
    const auto got = post(troupe.url("/api/v0/web/config/check"));
    REQUIRE(got.status == 200);
    CHECK(got.body.find("hunter2") == std::string::npos);
    return json::parse(got.body);
  };
  CHECK(checked()["same"] == true);
  troupe.configure(pipeline(from, to, "prometheus.exporter.self \"fresh\" { }\n"));
  const auto plan = checked();
  CHECK(plan["ok"] == true);
  CHECK(plan["same"] == false);
  CHECK(plan["unchanged"] == 3);
  REQUIRE(plan["changes"].size() == 1);
  CHECK(plan["changes"][0]["id"] == "prometheus.exporter.self.fresh");
  CHECK(plan["changes"][0]["change"] == "added");
  CHECK(ask(troupe, "/api/v0/web/components").size() == 3);

  troupe.configure(pipeline(from, to, "prometheus.exporter.self \"fresh\" {\n  nonsense = 1\n}\n"));
  const auto wrong = checked();
  CHECK(wrong["ok"] == false);
  CHECK(wrong["diagnostics"][0]["line"] == 23);
  CHECK(ask(troupe, "/api/v0/web/status")["load"]["ok"] == true);
  CHECK(post(troupe.url("/-/reload")).status == 400);
  CHECK(ask(troupe, "/api/v0/web/status")["load"]["ok"] == false);
  const auto last = ask(troupe, "/api/v0/web/config")["last_load"];
  CHECK(last["requested_by"] == "http");
  CHECK(last["diagnostics"][0]["line"] == 23);
  CHECK(last["text"].get<std::string>().find("nonsense") != std::string::npos);
  CHECK(ask(troupe, "/api/v0/web/config")["files"][0]["text"] == text);
}

TEST_CASE("the last lines of a component are there without any log") {
  backend to;
  collector troupe(
      "prometheus.scrape \"t\" {\n  targets = [{\"__address__\" = \"127.0.0.1:1\"}]\n  forward_to = []\n"
      "  scrape_interval = \"200ms\"\n  scrape_timeout = \"200ms\"\n}\n");
  troupe.ready();
  json found;
  REQUIRE(eventually([&] {
    found = ask(troupe, "/api/v0/web/activity?component=prometheus.scrape.t");
    return !found["lines"].empty();
  }));
  CHECK(found["lines"][0]["message"] == "Scrape failed");
  CHECK(found["lines"][0]["fields"]["err"].get<std::string>().find("refused") != std::string::npos);
  CHECK(found["tracing"] == false);
  CHECK(found["work"].empty());
  CHECK(get(troupe.url("/api/v0/web/activity?limit=x")).status == 400);
}

TEST_CASE("troupe tap shows what goes through a component, of one edge where asked, until the collector ends") {
  target from(few);
  backend to;
  collector troupe(pipeline(from, to));
  troupe.ready();
  tapping all(troupe, {"prometheus.relabel.t"}),
      edge(troupe, {"prometheus.relabel.t", "--edge", "prometheus.scrape.t"});
  REQUIRE(eventually([&] {
    return all.program->output().find("[OUT] to prometheus.remote_write.t: sample: ts=") != std::string::npos &&
           edge.program->output().find("[IN] from prometheus.scrape.t: sample: ts=") != std::string::npos;
  }));
  CHECK(all.program->output().find("[IN] from prometheus.scrape.t: ") != std::string::npos);
  CHECK(all.program->output().find("__name__=\"scrapes\"") != std::string::npos);
  CHECK(edge.program->output().find("[OUT]") == std::string::npos);
  troupe.program().signal(SIGTERM);
  CHECK(troupe.program().wait() == 0);
  CHECK(all.program->wait() >= 0);
  CHECK(edge.program->wait() >= 0);
}

TEST_CASE("a tap shows a bounded number of items and counts the others; the pipeline goes on") {
  target from(many);
  backend to;
  collector troupe(pipeline(from, to));
  troupe.ready();
  tapping some(troupe, {"prometheus.scrape.t"}), none(troupe, {"prometheus.scrape.t", "--sample", "0"});
  REQUIRE(eventually([&] { return some.program->output().find(" not shown)") != std::string::npos; }));
  const auto before = to.samples_of("n=\"4999\"").size();
  REQUIRE(eventually([&] { return to.samples_of("n=\"4999\"").size() > before + 5; }));
  CHECK(none.program->output().find("sample: ") == std::string::npos);
}

TEST_CASE("a tap of what does not exist, or of nobody, says so") {
  target from(few);
  backend to;
  collector troupe(pipeline(from, to));
  troupe.ready();
  tapping wrong(troupe, {"prometheus.relabel.nothing"});
  CHECK(wrong.program->wait() == 1);
  CHECK(wrong.program->output().find("component \"prometheus.relabel.nothing\" does not exist") != std::string::npos);
  tapping elsewhere(troupe, {"prometheus.relabel.t", "--edge", "nope"});
  CHECK(elsewhere.program->wait() == 1);
  CHECK(elsewhere.program->output().find(
            "component \"prometheus.relabel.t\" has no edge \"nope\"; it has those from prometheus.scrape.t, to "
            "prometheus.remote_write.t") != std::string::npos);
  CHECK(get(troupe.url("/api/v0/web/debug/prometheus.relabel.t?edge=prometheus.relabel.t")).status == 404);
  CHECK(get(troupe.url("/api/v0/web/debug/prometheus.relabel.t?sampleProb=2")).status == 400);
  temporary_directory directory;
  process nobody({TROUPE_PROGRAM, "tap", "x", "--server", "127.0.0.1:1"}, directory.file("out"));
  CHECK(nobody.wait() == 1);
  CHECK(nobody.output().find("Error: GET http://127.0.0.1:1/") == 0);
}

TEST_CASE("the address that is printed is the page's, with its prefix") {
  for (const char* prefix : {"/", "/some/where/"}) {
    collector troupe("", {std::string("--server.http.ui-path-prefix=") + prefix});
    troupe.ready();
    CHECK(get(troupe.url(prefix)).status == 200);
    const std::string expected = "Troupe is running: " + troupe.url(*(prefix + 1) == '\0' ? "" : prefix) + "\n";
    CHECK(troupe.program().output().find(expected) != std::string::npos);
  }
}

TEST_CASE("a store that another collector uses is refused at the load, and free once that one has ended") {
  collector first("store.local \"x\" { }\n");
  first.ready();
  process second({TROUPE_PROGRAM, "run", first.directory().file("config.alloy"),
                  "--server.http.listen-addr=127.0.0.1:0", "--storage.path=" + first.directory().file("data")},
                 first.directory().file("second"));
  CHECK(second.wait() == 1);
  CHECK(second.output().find("data/store.local.x is in use by another process") != std::string::npos);
  first.configure("store.local \"x\" {\n  max_age = \"1h\"\n}\n");
  CHECK(post(first.url("/-/reload")).status == 200);
  CHECK(ask(first, "/api/v0/store/x/stats")["series"] == 0);
  first.program().signal(SIGTERM);
  CHECK(first.program().wait() == 0);
  first.start();
  first.ready();
  CHECK(ask(first, "/api/v0/store/x/stats")["series"] == 0);
}
