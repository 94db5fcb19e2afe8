// A journal that is damaged, and one whose disk is full.

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/catch.hpp"
#include "tests/process/pipeline.hpp"

using namespace troupe;
using namespace troupe::testing;

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
