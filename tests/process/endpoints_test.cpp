// What a reload does to the endpoints of a writer: whose place is kept, and what is told.

#include <atomic>
#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include "tests/catch.hpp"
#include "tests/process/pipeline.hpp"

using namespace troupe;
using namespace troupe::testing;

TEST_CASE("an endpoint whose settings change goes on where it was") {
  target page(counting);
  std::uint16_t port = 0;
  {
    backend before;
    port = before.port();
  }
  const auto url = "http://127.0.0.1:" + std::to_string(port) + "/write";
  collector troupe(pipeline({page.address()}, url));
  troupe.ready();
  REQUIRE(eventually([&] { return page.scrapes() >= 5; }));
  troupe.configure(pipeline({page.address()}, url, "    send_exemplars = false\n    headers = { \"X-A\" = \"b\" }\n"));
  CHECK(post(troupe.url("/-/reload")).status == 200);
  backend after(port);
  REQUIRE(eventually([&] { return after.samples_of("scraped_total").size() >= 8; }));
  CHECK(each_once(after.samples_of("scraped_total"), 8));
}

TEST_CASE("an endpoint that moves goes on where it was, one that is added begins with what comes") {
  target page(counting);
  backend first, second, third;
  std::uint16_t closed = 0;
  {
    backend gone;
    closed = gone.port();
  }
  collector troupe(pipeline({page.address()}, first.url()));
  troupe.ready();
  REQUIRE(eventually([&] { return first.samples_of("scraped_total").size() >= 5; }));
  troupe.configure(pipeline({page.address()}, "http://127.0.0.1:" + std::to_string(closed) + "/write"));
  CHECK(post(troupe.url("/-/reload")).status == 200);
  const auto gone_at = page.scrapes();
  REQUIRE(eventually([&] { return page.scrapes() >= gone_at + 5; }));
  troupe.program().signal(SIGTERM);
  CHECK(troupe.program().wait() == 0);
  auto moved = pipeline({page.address()}, second.url());
  troupe.configure(moved);
  troupe.start();
  troupe.ready();
  REQUIRE(eventually([&] { return second.samples_of("scraped_total").size() >= 8; }));
  const auto there = first.samples_of("scraped_total"), moved_to = second.samples_of("scraped_total");
  CHECK(moved_to.front().value <= there.back().value + 1);
  CHECK(moved_to.front().value >= there.back().value);  // the same only if the reload came before the answer
  for (std::size_t i = 0; i < moved_to.size(); ++i)
    CHECK(moved_to[i].value == moved_to[0].value + static_cast<double>(i));

  moved.insert(moved.find("  endpoint {"), "  endpoint {\n    url = \"" + third.url() + "\"\n  }\n");
  troupe.configure(moved);
  const auto added_at = second.samples_of("scraped_total").back().value;
  CHECK(post(troupe.url("/-/reload")).status == 200);
  REQUIRE(eventually([&] { return !third.samples_of("scraped_total").empty(); }));
  CHECK(third.samples_of("scraped_total").front().value >= added_at);
}

TEST_CASE("endpoints that can't all be opened change nothing: who was there goes on, who is new gets nothing") {
  target page(counting);
  backend first, second;
  auto good = pipeline({page.address()}, first.url());
  collector troupe(good);
  troupe.ready();
  REQUIRE(eventually([&] { return first.samples_of("scraped_total").size() >= 3; }));
  auto bad = good;
  bad.insert(bad.find("  endpoint {"), "  endpoint {\n    url = \"" + second.url() +
                                           "\"\n  }\n  endpoint {\n    url = \"" + second.url() +
                                           "\"\n    name = \"c\"\n    tls_config {\n      ca_file = \"" +
                                           troupe.directory().file("none") + "\"\n    }\n  }\n");
  troupe.configure(bad);
  const auto answer = post(troupe.url("/-/reload"));
  CHECK(answer.status == 400);
  CHECK(answer.body.find("Failed to build component: tls_config: cannot open") != std::string::npos);
  CHECK(get(troupe.url("/-/healthy")).status == 200);
  const auto then = page.scrapes();
  REQUIRE(eventually([&] { return first.samples_of("scraped_total").size() >= static_cast<std::size_t>(then) + 3; }));
  CHECK(second.requests() == 0);
  CHECK(each_once(first.samples_of("scraped_total"), 6));
  troupe.program().signal(SIGTERM);
  CHECK(troupe.program().wait() == 0);
  std::ifstream cursors(troupe.directory().file("data/prometheus.remote_write.t/journal/cursors"));
  const std::string all{std::istreambuf_iterator<char>(cursors), {}};
  CHECK(all.find(first.url()) != std::string::npos);
  CHECK(all.find(second.url()) == std::string::npos);
}

TEST_CASE("tenants of one address keep their places, whatever becomes of the others") {
  target page(counting);
  backend to;
  std::atomic<bool> down{false};
  to.answers_tenants([&](const std::string& tenant) {
    return down && tenant == "b" ? backend::answer{503, {}, "", false} : backend::answer{};
  });
  const auto endpoint = [&](const std::string& tenant) {
    return "  endpoint {\n    url = \"" + to.url() + "\"\n    headers = {\"X-Scope-OrgID\" = \"" + tenant +
           "\"}\n    queue_config {\n      batch_send_deadline = \"100ms\"\n      max_backoff = \"200ms\"\n    }\n  "
           "}\n";
  };
  const auto writing = [&](const std::string& endpoints) {
    return "prometheus.scrape \"t\" {\n  targets = [{\"__address__\" = \"" + page.address() +
           "\"}]\n  forward_to = [prometheus.remote_write.t.receiver]\n  scrape_interval = \"200ms\"\n"
           "  scrape_timeout = \"200ms\"\n}\nprometheus.remote_write \"t\" {\n" +
           endpoints + "}\n";
  };
  const auto of = [&](const std::string& tenant) {
    std::vector<backend::received> all;
    for (const auto& one : to.samples_of("scraped_total")) {
      if (one.tenant == tenant) all.push_back(one);
    }
    return all;
  };
  collector troupe(writing(endpoint("a") + endpoint("b")));
  troupe.ready();
  REQUIRE(eventually([&] { return of("a").size() >= 3 && of("b").size() >= 3; }));
  down = true;
  const auto then = of("a").size();
  REQUIRE(eventually([&] { return of("a").size() >= then + 5; }));
  troupe.configure(writing(endpoint("b") + endpoint("a")));
  REQUIRE(post(troupe.url("/-/reload")).status == 200);
  REQUIRE(eventually([&] { return of("a").size() >= then + 8; }));
  CHECK(each_once(of("a"), then + 8));
  troupe.configure(writing(endpoint("b")));
  REQUIRE(post(troupe.url("/-/reload")).status == 200);
  down = false;
  REQUIRE(eventually([&] { return of("b").size() >= then + 12; }));
  CHECK(each_once(of("b"), then + 12));
  CHECK(each_once(of("a"), then + 8));

  // With no endpoint at all there is nobody whose place is kept: the next one gets what comes.
  troupe.configure(writing(""));
  REQUIRE(post(troupe.url("/-/reload")).status == 200);
  const auto without = page.scrapes();
  REQUIRE(eventually([&] { return page.scrapes() >= without + 3; }));
  const auto before = of("b").size();
  troupe.configure(writing(endpoint("b")));
  REQUIRE(post(troupe.url("/-/reload")).status == 200);
  REQUIRE(eventually([&] { return of("b").size() >= before + 3; }));
  const auto all = of("b");
  CHECK(all[before].value > without);
}

TEST_CASE("what an endpoint had before it when it was taken away is counted as lost; a new address is tried at once") {
  target page(counting);
  backend first, second;
  first.answers([](int) { return backend::answer{503, {{"Retry-After", "3600"}}, "", false}; });
  collector troupe(pipeline({page.address()}, first.url(), "    name = \"n\"\n"));
  troupe.ready();
  REQUIRE(eventually([&] { return first.requests() > 0 && page.scrapes() >= 5; }));
  troupe.configure(pipeline({page.address()}, second.url(), "    name = \"n\"\n"));
  REQUIRE(post(troupe.url("/-/reload")).status == 200);
  REQUIRE(eventually([&] { return second.samples_of("scraped_total").size() >= 5; }));
  CHECK(each_once(second.samples_of("scraped_total"), 5));
  REQUIRE(eventually([&] { return get(troupe.url("/-/healthy")).status == 200; }));

  second.answers([](int) { return backend::answer{503, {}, "", false}; });
  const auto then = page.scrapes();
  REQUIRE(eventually([&] { return page.scrapes() >= then + 5; }));
  troupe.configure(
      pipeline({page.address()}, first.url(),
               "    name = \"n\"\n  }\n  endpoint {\n    url = \"" + second.url() + "\"\n    name = \"m\"\n"));
  REQUIRE(post(troupe.url("/-/reload")).status == 200);
  troupe.configure(pipeline({page.address()}, second.url(), "    name = \"m\"\n"));
  REQUIRE(post(troupe.url("/-/reload")).status == 200);
  CHECK(
      eventually([&] { return troupe.metric("troupe_journal_lost_items_total", "reason=\"endpoint_removed\"") > 0; }));
  CHECK(troupe.program().output().find("reason=endpoint_removed") != std::string::npos);
  const auto later = page.scrapes();
  REQUIRE(eventually([&] { return page.scrapes() >= later + 20; }));
  troupe.configure("");
  REQUIRE(post(troupe.url("/-/reload")).status == 200);
  CHECK(troupe.program().output().find("items unsent; they are sent when one of its name is there again") !=
        std::string::npos);
  const auto orphan = [&] {
    return troupe.program().output().find("the journal of a component that is not configured holds ") !=
           std::string::npos;
  };
  CHECK_FALSE(orphan());
  const auto again = [&] {
    troupe.program().signal(SIGTERM);
    CHECK(troupe.program().wait() == 0);
    troupe.start();
    troupe.ready();
  };
  again();
  CHECK(orphan());
  // When it is there again all is sent, and nothing is left.
  second.answers([](int) { return backend::answer{}; });
  troupe.configure(pipeline({page.address()}, second.url(), "    name = \"m\"\n"));
  again();
  REQUIRE(eventually([&] { return troupe.metric("prometheus_remote_storage_samples_pending") == 0; }));
  troupe.configure("");
  REQUIRE(post(troupe.url("/-/reload")).status == 200);
  again();
  CHECK_FALSE(orphan());
}
