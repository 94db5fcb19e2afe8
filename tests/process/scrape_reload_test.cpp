// What a reload does to targets that are being scraped: as the backend sees it.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "protocol/telemetry/value.hpp"
#include "tests/catch.hpp"
#include "tests/process/world.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

/// Pages by path, which a test may change, make fail, or hold back for a while.
class site {
 public:
  struct page {
    std::string text;
    int status = 200;
    std::chrono::milliseconds after{0};
  };
  site() : server_(listen(0, [this](const auto& request, const auto& to) { serve(std::string(request.path), to); })) {}
  ~site() { server_.reset(); }
  void set(const std::string& path, page what) {
    std::lock_guard lock(mutex_);
    pages_[path] = std::move(what);
  }
  [[nodiscard]] int asked(const std::string& path) const {
    std::lock_guard lock(mutex_);
    const auto at = asked_.find(path);
    return at == asked_.end() ? 0 : at->second;
  }
  /// An entry of `targets`; `instance` is its label.
  [[nodiscard]] std::string target(const std::string& path, const std::string& instance) const {
    return "{\"__address__\" = \"" + server_->address() + "\", \"__metrics_path__\" = \"" + path +
           "\", \"instance\" = \"" + instance + "\"}, ";
  }

 private:
  void serve(const std::string& path, const std::shared_ptr<http::responder>& to) {
    page what;
    {
      std::lock_guard lock(mutex_);
      ++asked_[path];
      what = pages_[path];
    }
    if (what.after.count() > 0) {
      std::lock_guard lock(mutex_);
      late_.emplace_back([to, what] {
        std::this_thread::sleep_for(what.after);
        to->respond(what.status, "text/plain", what.text);
      });
      return;
    }
    to->respond(what.status, "text/plain", what.text);
  }

  mutable std::mutex mutex_;
  std::map<std::string, page> pages_;
  std::map<std::string, int> asked_;
  std::vector<std::jthread> late_;
  std::unique_ptr<http::server> server_;
};

struct world {
  site of;
  backend to;

  [[nodiscard]] std::string scraping(const std::string& targets, const std::string& interval = "300ms") const {
    return "prometheus.scrape \"t\" {\n  targets = [" + targets +
           "]\n  forward_to = [prometheus.remote_write.t.receiver]\n  scrape_interval = \"" + interval +
           "\"\n  scrape_timeout = \"" + interval +
           "\"\n}\nprometheus.remote_write \"t\" {\n  endpoint {\n    url = \"" + to.url() +
           "\"\n    queue_config {\n      batch_send_deadline = \"100ms\"\n    }\n  }\n}\n";
  }
  /// Values of this series, stale markers left out.
  [[nodiscard]] std::vector<double> values(const std::string& series) const {
    std::vector<double> all;
    for (const auto& one : to.samples_of(series)) {
      if (!telemetry::is_stale(one.value)) all.push_back(one.value);
    }
    return all;
  }
  [[nodiscard]] std::size_t markers(const std::string& series) const {
    return to.samples_of(series).size() - values(series).size();
  }
};

}  // namespace

TEST_CASE("a target that a reload takes away while it answers is not down: its last page still counts") {
  world in;
  in.of.set("/slow", {"s 1\n", 200, 300ms});
  in.of.set("/ok", {"o 1\n"});
  const auto both = in.of.target("/slow", "a") + in.of.target("/ok", "b");
  collector troupe(in.scraping(both, "1s"));
  troupe.ready();
  REQUIRE(eventually([&] { return in.values("__name__=\"s\"").size() >= 2; }));
  const auto asked = in.of.asked("/slow");
  REQUIRE(eventually([&] { return in.of.asked("/slow") > asked; }));
  troupe.configure(in.scraping(in.of.target("/ok", "b"), "1s"));
  REQUIRE(post(troupe.url("/-/reload")).status == 200);
  REQUIRE(eventually(
      [&] { return in.markers("__name__=\"s\"") == 1 && in.markers("__name__=\"up\", instance=\"a\"") == 1; }));
  CHECK(in.values("__name__=\"s\"").size() == static_cast<std::size_t>(in.of.asked("/slow")));
  for (const auto up : in.values("__name__=\"up\""))
    CHECK(up == 1);
  CHECK(get(troupe.url("/-/healthy")).status == 200);
  CHECK(troupe.program().output().find("Scrape failed") == std::string::npos);
}

TEST_CASE("a target that is down while its interval changes is up when it answers again") {
  world in;
  in.of.set("/a", {"", 500});
  collector troupe(in.scraping(in.of.target("/a", "a")));
  troupe.ready();
  REQUIRE(eventually([&] { return get(troupe.url("/-/healthy")).status != 200; }));
  troupe.configure(in.scraping(in.of.target("/a", "a"), "400ms"));
  REQUIRE(post(troupe.url("/-/reload")).status == 200);
  CHECK(get(troupe.url("/-/healthy")).body.find("1 of 1 targets are down") != std::string::npos);
  in.of.set("/a", {"a 1\n"});
  CHECK(eventually([&] { return get(troupe.url("/-/healthy")).status == 200; }));
}

TEST_CASE("a target that moves keeps its series: what is not at the new place is marked stale") {
  world in;
  in.of.set("/one", {"gone 1\nkept 1\n"});
  in.of.set("/two", {"came 1\nkept 2\n"});
  collector troupe(in.scraping(in.of.target("/one", "a")));
  troupe.ready();
  REQUIRE(eventually([&] { return in.values("\"kept\"").size() >= 2; }));
  troupe.configure(in.scraping(in.of.target("/two", "a")));
  REQUIRE(post(troupe.url("/-/reload")).status == 200);
  REQUIRE(eventually([&] { return in.values("\"came\"").size() >= 4; }));
  CHECK(in.markers("\"gone\"") == 1);
  CHECK(in.markers("\"kept\"") == 0);
  CHECK(in.markers("\"up\"") == 0);
}

TEST_CASE("a target that comes back before it was forgotten goes on where it was") {
  world in;
  in.of.set("/a", {"gone 1\nkept 1\n"});
  in.of.set("/b", {"b 1\n"});
  const auto b = in.of.target("/b", "b");
  collector troupe(in.scraping(b + in.of.target("/a", "a"), "1s"));
  troupe.ready();
  REQUIRE(eventually([&] { return !in.values("\"kept\"").empty(); }));
  troupe.configure(in.scraping(b, "1s"));
  REQUIRE(post(troupe.url("/-/reload")).status == 200);
  in.of.set("/a", {"kept 1\n"});
  troupe.configure(in.scraping(b + in.of.target("/a", "a"), "1s"));
  REQUIRE(post(troupe.url("/-/reload")).status == 200);
  const auto then = in.values("\"kept\"").size();
  REQUIRE(eventually([&] { return in.values("\"kept\"").size() >= then + 4; }));
  CHECK(in.markers("\"gone\"") == 1);
  CHECK(in.markers("\"kept\"") == 0);
  CHECK(in.markers("\"up\"") == 0);
}
