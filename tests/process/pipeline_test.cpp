// From a target to a backend.

#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>

#include "tests/catch.hpp"
#include "tests/process/pipeline.hpp"

using namespace troupe;
using namespace troupe::testing;

TEST_CASE("a scrape arrives at the backend with its labels, values and metadata") {
  target page(counting);
  backend to;
  collector troupe(pipeline({page.address()}, to.url()));
  troupe.ready();
  REQUIRE(eventually([&] { return to.samples_of("scraped_total").size() >= 5; }));
  REQUIRE(eventually([&] { return to.metadata().count("scraped_total") > 0; }));
  CHECK(each_once(to.samples_of("scraped_total"), 5));
  CHECK(to.samples().count("{__name__=\"up\", instance=\"" + page.address() + "\", job=\"prometheus.scrape.t\"}") == 1);
  CHECK(to.metadata().at("scraped_total").help == "How often this page was made.");
  CHECK(to.metadata().at("scraped_total").type == 1);
  CHECK(to.errors().empty());
  troupe.program().signal(SIGTERM);
  CHECK(troupe.program().wait() == 0);
}

TEST_CASE("a backend that was down, a collector that was killed meanwhile: every scrape is there once") {
  target page(counting);
  std::uint16_t port = 0;
  {
    backend before;
    port = before.port();
  }
  collector troupe(pipeline({page.address()}, "http://127.0.0.1:" + std::to_string(port) + "/write"));
  troupe.ready();
  REQUIRE(eventually([&] { return page.scrapes() >= 6; }));
  REQUIRE(eventually([&] { return troupe.metric("prometheus_remote_write_wal_samples_appended_total") >= 6 * 6; }));
  CHECK(get(troupe.url("/-/healthy")).status == 500);  // the backend is down, and that is said
  troupe.program().signal(SIGKILL);
  CHECK(troupe.program().wait() == 128 + SIGKILL);
  const int lost_at_most = page.scrapes();  // the scrape that the kill interrupted never was the collector's
  troupe.start();
  troupe.ready();
  REQUIRE(eventually([&] { return page.scrapes() >= lost_at_most + 6; }));
  backend after(port);
  REQUIRE(eventually(
      [&] { return after.samples_of("scraped_total").size() + 1 >= static_cast<std::size_t>(page.scrapes()); }));
  const auto all = after.samples_of("scraped_total");
  std::set<double> seen;
  double last = 0;
  for (const auto& one : all) {
    CHECK(one.value > last);
    last = one.value;
    CHECK(seen.insert(one.value).second);
  }
  // All but, perhaps, the one scrape that was under way at the kill.
  CHECK(seen.size() + 1 >= static_cast<std::size_t>(last));
  REQUIRE(eventually([&] { return get(troupe.url("/-/healthy")).status == 200; }));
  // It was tried often; the outage is one warning and one line at its end.
  const auto log = troupe.program().output();
  CHECK(lines_with(log, "Failed to send batch, retrying") == 1);
  CHECK(lines_with(log, "Sending succeeds again") == 1);
}

TEST_CASE("a backend knows the collector by one id, over restarts; a header of the user's own goes in its place") {
  std::mutex mutex;
  std::set<std::string> first, second, other;
  const auto noting = [&](std::set<std::string>& into, const char* name) {
    return listen(0, [&, name](const auto& request, const auto& to) {
      std::lock_guard lock(mutex);
      into.emplace(request.header(name));
      to->respond(204, "text/plain", "");
    });
  };
  const auto plain = noting(first, "X-Agent-Id"), named = noting(second, "x-agent-id"),
             twin = noting(other, "X-Alloy-Id");
  const auto seen = [&](std::set<std::string>& in) {
    std::lock_guard lock(mutex);
    return in;
  };
  target page(counting);
  collector troupe(
      pipeline({page.address()}, "http://" + plain->address() + "/write",
               "  }\n  endpoint {\n    url = \"http://" + named->address() +
                   "/write\"\n    headers = {\"x-agent-ID\" = \"mine\"}\n  }\n  endpoint {\n    url = \"http://" +
                   twin->address() + "/write\"\n"));
  troupe.ready();
  REQUIRE(eventually([&] { return !seen(first).empty() && !seen(second).empty() && !seen(other).empty(); }));
  const auto id = *seen(first).begin();
  CHECK(id.size() == 36);
  CHECK(seen(other) == std::set<std::string>{id});
  CHECK(seen(second) == std::set<std::string>{"mine"});
  troupe.program().signal(SIGKILL);
  troupe.program().wait();
  {
    std::lock_guard lock(mutex);
    first.clear();
  }
  troupe.start();
  troupe.ready();
  REQUIRE(eventually([&] { return !seen(first).empty(); }));
  CHECK(seen(first) == std::set<std::string>{id});
}

TEST_CASE("OAuth 2.0 towards a target and a backend: a token each, and a new one when it is refused") {
  std::mutex mutex;
  int asked = 0;
  std::set<std::string> seen, ways;
  const auto tokens = listen(0, [&](const auto& request, const auto& to) {
    std::lock_guard lock(mutex);
    ways.insert(std::string(request.header("Authorization")) + " " + std::string(request.body));
    to->respond(200, "application/json",
                "{\"access_token\": \"t" + std::to_string(++asked) + "\", \"expires_in\": 3600}");
  });
  bool revoked = false;
  const auto guarded = [&](const auto& request, const auto& to, const std::string& page) {
    std::lock_guard lock(mutex);
    const std::string who(request.header("Authorization"));
    if (revoked && (who == "Bearer t1" || who == "Bearer t2")) return to->respond(401, "text/plain", "revoked");
    seen.insert(who);
    to->respond(page.empty() ? 204 : 200, "text/plain", page);
  };
  const auto page = listen(0, [&](const auto& r, const auto& to) { guarded(r, to, "a 1\n"); });
  const auto sink = listen(0, [&](const auto& r, const auto& to) { guarded(r, to, ""); });
  const auto block =
      "  oauth2 {\n    client_id = \"me\"\n    client_secret = \"s3cret\"\n    scopes = [\"write\"]\n"
      "    token_url = \"http://" +
      tokens->address() + "/token\"\n  }\n";
  collector troupe(pipeline({page->address()}, "http://" + sink->address() + "/write", block, block));
  troupe.ready();
  const auto both = [&](const char* one, const char* other) {
    std::lock_guard lock(mutex);
    return seen.count(one) == 1 && seen.count(other) == 1;
  };
  REQUIRE(eventually([&] { return both("Bearer t1", "Bearer t2"); }));
  {
    std::lock_guard lock(mutex);
    CHECK(ways == std::set<std::string>{"Basic bWU6czNjcmV0 grant_type=client_credentials&scope=write"});
    revoked = true;
  }
  REQUIRE(eventually([&] { return both("Bearer t3", "Bearer t4"); }));
  CHECK(get(troupe.url("/-/healthy")).status == 200);
  CHECK(troupe.metric("prometheus_remote_storage_samples_failed_total") == 0);
  CHECK(get(troupe.url("/api/v0/web/components/prometheus.scrape.t")).body.find("s3cret") == std::string::npos);
  CHECK(troupe.program().output().find("s3cret") == std::string::npos);
  troupe.program().signal(SIGTERM);
  CHECK(troupe.program().wait() == 0);
}

TEST_CASE("what a backend answers decides") {
  target page(counting);
  backend to;
  SECTION("500 and a broken answer are tried again, in order and without loss") {
    to.answers([](int n) {
      return n % 3 == 0 ? backend::answer{} : backend::answer{n % 3 == 1 ? 500 : 503, {}, "try later", false};
    });
    collector troupe(pipeline({page.address()}, to.url()));
    troupe.ready();
    REQUIRE(eventually([&] { return to.samples_of("scraped_total").size() >= 6; }));
    CHECK(each_once(to.samples_of("scraped_total"), 6));
    CHECK(troupe.metric("prometheus_remote_storage_samples_retried_total") > 0);
  }
  SECTION("400 is final: counted, shown in the backend's words, and the rest goes on") {
    to.answers([](int n) { return n <= 2 ? backend::answer{400, {}, "no such tenant", false} : backend::answer{}; });
    collector troupe(pipeline({page.address()}, to.url(), "    metadata_config {\n      send = false\n    }\n"));
    CHECK(troupe.program().wait() == 1);  // two blocks of that name
    collector good("prometheus.scrape \"t\" {\n  targets = [{\"__address__\" = \"" + page.address() +
                   "\"}]\n  forward_to = [prometheus.remote_write.t.receiver]\n"
                   "  scrape_interval = \"200ms\"\n  scrape_timeout = \"200ms\"\n}\nprometheus.remote_write \"t\" {\n  "
                   "endpoint {\n    url = \"" +
                   to.url() +
                   "\"\n    queue_config {\n      batch_send_deadline = \"50ms\"\n    }\n    metadata_config {\n      "
                   "send = false\n    }\n  }\n}\n");
    good.ready();
    REQUIRE(eventually([&] { return to.samples_of("scraped_total").size() >= 3; }));
    CHECK(good.metric("prometheus_remote_storage_samples_failed_total") > 0);
    CHECK(good.program().output().find("no such tenant") != std::string::npos);
    CHECK(get(good.url("/api/v0/web/components/prometheus.remote_write.t")).body.find("no such tenant") !=
          std::string::npos);
  }
  SECTION("429 with Retry-After is waited for") {
    to.answers([](int n) {
      return n == 1 ? backend::answer{429, {{"Retry-After", "1"}}, "slow down", false} : backend::answer{};
    });
    collector troupe(pipeline({page.address()}, to.url()));
    troupe.ready();
    REQUIRE(eventually([&] { return to.samples_of("scraped_total").size() >= 4; }));
    CHECK(each_once(to.samples_of("scraped_total"), 4));
  }
}

TEST_CASE("a scrape asks for what its arguments say, and a token that comes late fails scrapes, not the load") {
  std::mutex mutex;
  std::set<std::string> encodings, tokens;
  const auto seen = [&](std::set<std::string>& in) {
    std::lock_guard lock(mutex);
    return in;
  };
  const auto page = listen(0, [&](const auto& request, const auto& to) {
    std::lock_guard lock(mutex);
    encodings.emplace(request.header("Accept-Encoding"));
    tokens.emplace(request.header("Authorization"));
    to->respond(200, "text/plain", "a 1\n");
  });
  backend to;
  temporary_directory secrets;
  const auto scraping = [&](const std::string& more) {
    return pipeline({page->address()}, to.url(), "",
                    "  bearer_token_file = \"" + secrets.file("token") + "\"\n" + more);
  };
  collector troupe(scraping(""));
  troupe.ready();
  REQUIRE(eventually([&] { return get(troupe.url("/-/healthy")).body.find("cannot open") != std::string::npos; }));
  CHECK(seen(tokens).empty());
  secrets.write("token", "abc\n");
  REQUIRE(eventually([&] { return get(troupe.url("/-/healthy")).status == 200; }));
  CHECK(seen(tokens) == std::set<std::string>{"Bearer abc"});
  CHECK(seen(encodings) == std::set<std::string>{"gzip"});

  const auto reload = [&](const std::string& more) {
    troupe.configure(scraping(more));
    REQUIRE(post(troupe.url("/-/reload")).status == 200);
  };
  reload("  enable_compression = false\n");
  REQUIRE(eventually([&] { return seen(encodings).contains("identity"); }));
  for (const char* limit : {"4B", "1B"}) {
    reload("  body_size_limit = \"" + std::string(limit) + "\"\n");
    CHECK(eventually(
        [&] { return get(troupe.url("/-/healthy")).body.find("body size limit exceeded") != std::string::npos; }));
    reload("  body_size_limit = \"5B\"\n");  // the page has four
    CHECK(eventually([&] { return get(troupe.url("/-/healthy")).status == 200; }));
  }
}

TEST_CASE("a target that goes down is said everywhere, its neighbours go on") {
  auto page = std::make_unique<target>(counting);
  target other([](int) { return "steady 1\n"; });
  backend to;
  collector troupe(pipeline({page->address(), other.address()}, to.url()));
  troupe.ready();
  const auto instance = page->address();
  REQUIRE(eventually([&] { return to.samples_of("scraped_total").size() >= 2; }));
  page.reset();
  REQUIRE(eventually([&] {
    const auto up = to.samples_of("__name__=\"up\", instance=\"" + instance);
    return !up.empty() && up.back().value == 0;
  }));
  const auto last = to.samples_of("scraped_total").back();
  CHECK(telemetry::is_stale(last.value));
  CHECK(get(troupe.url("/-/healthy")).status == 500);
  CHECK(get(troupe.url("/-/healthy")).body.find(instance) != std::string::npos);
  CHECK(get(troupe.url("/api/v0/web/components/prometheus.scrape.t")).body.find("\"down\"") != std::string::npos);
  const auto before = other.scrapes();
  CHECK(eventually([&] { return other.scrapes() >= before + 3; }));
}

TEST_CASE("relabelling on the way, external labels and rules of an endpoint") {
  target page([](int) { return "keep{a=\"1\"} 1\ndrop{a=\"2\"} 2\nsecret 3\n"; });
  backend to;
  collector troupe(
      "prometheus.scrape \"t\" {\n  targets = [{\"__address__\" = \"" + page.address() +
      "\", \"job\" = \"j\"}]\n  forward_to = [prometheus.relabel.t.receiver]\n"
      "  scrape_interval = \"200ms\"\n  scrape_timeout = \"200ms\"\n}\nprometheus.relabel \"t\" {\n  forward_to = "
      "[prometheus.remote_write.t.receiver]\n"
      "  rule {\n    source_labels = [\"__name__\"]\n    regex = \"drop|scrape_.*\"\n    action = \"drop\"\n  }\n"
      "  rule {\n    source_labels = [\"a\"]\n    target_label = \"b\"\n    replacement = \"x-$1\"\n    regex = "
      "\"(.+)\"\n  }\n}\n"
      "prometheus.remote_write \"t\" {\n  external_labels = { cluster = \"c\", job = \"lost\" }\n  endpoint {\n    url "
      "= \"" +
      to.url() +
      "\"\n    queue_config {\n      batch_send_deadline = \"50ms\"\n    }\n    write_relabel_config {\n      "
      "source_labels = [\"__name__\"]\n      regex = \"secret\"\n      action = \"drop\"\n    }\n  }\n}\n");
  troupe.ready();
  const auto instance = "instance=\"" + page.address() + "\"";
  REQUIRE(eventually([&] { return to.samples_of("up").size() >= 2; }));
  const auto all = to.samples();
  CHECK(all.count("{__name__=\"keep\", a=\"1\", b=\"x-1\", cluster=\"c\", " + instance + ", job=\"j\"}") == 1);
  CHECK(all.count("{__name__=\"up\", cluster=\"c\", " + instance + ", job=\"j\"}") == 1);
  CHECK(all.size() == 2);
}

TEST_CASE("the ledger of every edge balances while data flows") {
  target page(counting);
  backend to;
  collector troupe(pipeline({page.address()}, to.url()));
  troupe.ready();
  REQUIRE(eventually([&] { return to.samples_of("scraped_total").size() >= 5; }));
  for (int i = 0; i < 20; ++i) {
    const auto body = get(troupe.url("/metrics")).body;
    const auto value = [&](const std::string& name) {
      const auto at = body.find("\n" + name + "{");
      if (at == std::string::npos) return 0.0;
      return std::stod(body.substr(body.find("} ", at) + 2));
    };
    CHECK(value("troupe_edge_pushed_items_total") == value("troupe_edge_settled_items_total") +
                                                         value("troupe_edge_dropped_items_total") +
                                                         value("troupe_edge_in_flight_items"));
    CHECK(value("troupe_edge_pushed_items_total") > 0);
  }
}
