#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>

#include "tests/catch.hpp"
#include "tests/process/world.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

std::size_t lines_with(const std::string& log, const std::string& text) {
  std::size_t count = 0;
  for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + 1))
    ++count;
  return count;
}

std::string pipeline(const std::vector<std::string>& targets, const std::string& url, const std::string& endpoint = "",
                     const std::string& scrape = "") {
  std::string list;
  for (const auto& one : targets)
    list += "{\"__address__\" = \"" + one + "\"}, ";
  return "prometheus.scrape \"t\" {\n  targets = [" + list +
         "]\n  forward_to = [prometheus.remote_write.t.receiver]\n"
         "  scrape_interval = \"200ms\"\n  scrape_timeout = \"200ms\"\n" +
         scrape +
         "}\n"
         "prometheus.remote_write \"t\" {\n  endpoint {\n    url = \"" +
         url +
         "\"\n    queue_config {\n      batch_send_deadline = \"100ms\"\n"
         "      max_backoff = \"200ms\"\n    }\n    metadata_config {\n      send_interval = \"1s\"\n    }\n" +
         endpoint + "  }\n}\n";
}

std::string counting(int number) {
  return "# HELP scraped_total How often this page was made.\n# TYPE scraped_total counter\nscraped_total " +
         std::to_string(number) + "\n";
}

/// Every value from 1 on is there once, in order.
bool each_once(const std::vector<backend::received>& all, std::size_t at_least) {
  if (all.size() < at_least) return false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].value != static_cast<double>(i + 1)) return false;
  }
  return true;
}

}  // namespace

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

TEST_CASE("a journal with flipped bits and a torn end: it starts, says it, and goes on") {
  target page(counting);
  std::uint16_t port = 0;
  {
    backend before;
    port = before.port();
  }
  collector troupe(pipeline({page.address()}, "http://127.0.0.1:" + std::to_string(port) + "/write"));
  troupe.ready();
  REQUIRE(eventually([&] { return troupe.metric("prometheus_remote_write_wal_samples_appended_total") >= 60; }));
  troupe.program().signal(SIGKILL);
  troupe.program().wait();
  const auto journal = troupe.directory().file("data/prometheus.remote_write.t/journal");
  for (const auto& entry : std::filesystem::directory_iterator(journal)) {
    if (entry.path().extension() != ".seg") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(entry.file_size() / 2));
    file.put('\x55');
    file.close();
    std::filesystem::resize_file(entry.path(), entry.file_size() - 3);
  }
  backend after(port);
  troupe.start();
  troupe.ready();
  REQUIRE(eventually([&] { return after.samples_of("scraped_total").size() >= 8; }));
  CHECK(troupe.program().output().find("journal damaged") != std::string::npos);
  double last = 0;
  for (const auto& one : after.samples_of("scraped_total")) {
    CHECK(one.value > last);
    last = one.value;
  }
}

// A limit on the size of files stands for a full disk.

namespace {

void limit_files(collector& of, const std::string& bytes) {
  temporary_directory scratch;
  process more({"prlimit", "--pid", std::to_string(of.program().id()), "--fsize=" + bytes + ":"}, scratch.file("out"));
  REQUIRE(more.wait() == 0);
}

}  // namespace

TEST_CASE("a journal that has filled its disk goes on in what its backend has taken, and nothing is lost") {
  target page(counting);
  backend to;
  to.answers([](int) { return backend::answer{503, {}, "", false}; });
  collector troupe(pipeline({page.address()}, to.url()), {}, {"prlimit", "--fsize=4000:"});
  troupe.ready();
  REQUIRE(eventually([&] { return troupe.metric("troupe_journal_failed_appends_total") > 0; }));
  const auto health = get(troupe.url("/-/healthy"));
  CHECK(health.status == 500);
  CHECK(health.body.find("journal") != std::string::npos);
  CHECK(health.body.find("File too large") != std::string::npos);
  const int before = page.scrapes();
  REQUIRE(eventually([&] { return page.scrapes() >= before + 5; }));
  CHECK(troupe.metric("troupe_edge_in_flight_items") > 0);
  to.answers([](int) { return backend::answer{}; });
  REQUIRE(eventually([&] { return get(troupe.url("/-/healthy")).status == 200; }));
  REQUIRE(eventually([&] { return to.samples_of("scraped_total").size() >= static_cast<std::size_t>(before + 25); }));
  CHECK(each_once(to.samples_of("scraped_total"), static_cast<std::size_t>(before + 25)));
  CHECK(lines_with(troupe.program().output(), "the journal can't take batches, they are held in memory") == 1);
  CHECK(lines_with(troupe.program().output(), "the journal can be written again") >= 1);
}

TEST_CASE("while a disk takes nothing, samples go out from memory; when it does again, from there") {
  target page(counting);
  backend to;
  collector troupe(pipeline({page.address()}, to.url()));
  troupe.ready();
  REQUIRE(eventually([&] { return to.samples_of("scraped_total").size() >= 3; }));
  limit_files(troupe, "1");
  REQUIRE(eventually([&] { return troupe.metric("troupe_journal_failed_appends_total") > 0; }));
  const auto then = static_cast<std::size_t>(page.scrapes());
  REQUIRE(eventually([&] { return to.samples_of("scraped_total").size() >= then + 10; }));
  to.answers([](int) { return backend::answer{503, {}, "", false}; });
  const auto down = page.scrapes();
  REQUIRE(eventually([&] { return page.scrapes() >= down + 5; }));
  limit_files(troupe, "unlimited");
  // What waited in memory is written, and survives.
  REQUIRE(eventually([&] { return troupe.program().output().find("can be written again") != std::string::npos; }));
  const auto written = page.scrapes();
  REQUIRE(eventually([&] { return page.scrapes() >= written + 5; }));
  troupe.program().signal(SIGKILL);
  troupe.program().wait();
  to.answers([](int) { return backend::answer{}; });
  troupe.start();
  troupe.ready();
  REQUIRE(eventually([&] { return to.samples_of("scraped_total").size() >= static_cast<std::size_t>(written + 10); }));
  std::set<double> arrived;
  for (const auto& one : to.samples_of("scraped_total"))
    arrived.insert(one.value);
  for (int i = 1; i <= written; ++i)
    CHECK(arrived.contains(i));
}

TEST_CASE("the end does not wait for a full disk: what can't be kept is counted") {
  target page([](int number) {
    auto text = counting(number);
    for (int i = 0; i < 500; ++i)
      text += "a" + std::to_string(i) + " " + std::to_string(number) + "\n";
    return text;
  });
  backend to;
  to.answers([](int) { return backend::answer{503, {}, "", false}; });
  collector troupe(pipeline({page.address()}, to.url()), {}, {"prlimit", "--fsize=30000:"});
  troupe.ready();
  REQUIRE(eventually([&] { return troupe.metric("troupe_journal_failed_appends_total") > 0; }));
  const auto then = page.scrapes();
  REQUIRE(eventually([&] { return page.scrapes() >= then + 5; }));
  troupe.program().signal(SIGTERM);
  CHECK(troupe.program().wait(30s) == 0);
  const auto log = troupe.program().output();
  CHECK(lines_with(log, "journal gave up data that was not sent") >= 5);
  CHECK(lines_with(log, "items=506 reason=unwritable") >= 5);
  CHECK(log.find("watchdog") == std::string::npos);
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
