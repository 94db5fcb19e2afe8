// store.local in a host of its own: what it does with batches, questions and trouble.

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "actors/runtime/blocking_pool.hpp"
#include "actors/runtime/graph.hpp"
#include "actors/runtime/host.hpp"
#include "actors/runtime/own_metrics.hpp"
#include "actors/store/local/store.hpp"
#include "protocol/http/client.hpp"
#include "protocol/otlp/trace_builder.hpp"
#include "tests/catch.hpp"
#include "tests/temporary_directory.hpp"

using namespace troupe;
using namespace troupe::runtime;
using namespace std::chrono_literals;

namespace {

struct kept_answer final : http::responder {
  void respond(int code, std::string_view, std::string text, http::header_fields) override {
    std::lock_guard lock(mutex);
    body = std::move(text);
    status = code;
  }
  void begin(int, std::string_view, http::header_fields) override {}
  bool send(std::string_view) override { return false; }
  void end() override {}
  bool there() {
    std::lock_guard lock(mutex);
    return status != 0;
  }
  std::mutex mutex;
  int status = 0;
  std::string body;
};

/// The component in a host, a source before it; all in this thread but for the blocking pool.
class rig {
 public:
  rig() {
    kinds_.add(define<store::local>(store::storing::schema()));
    struct nothing final : consumer {
      void consume(const batch_ref&, receipt) override {}
    };
    source_.start(time_.now(), [] { return std::make_unique<nothing>(); });
    source_.connect(0, {"store.local.x"});
  }
  ~rig() { stop(); }

  void start(const std::string& body = "") {
    const auto made = prepare(body);
    INFO((made ? "" : made.error().message));
    REQUIRE(made);
    host_links links;
    links.send = [this](edge_mail mail) { mail_.push_back(std::move(mail)); };
    links.post = [this](std::function<void()> what) {
      std::lock_guard lock(mutex_);
      posted_.push_back(std::move(what));
    };
    links.exports_changed = [](const std::string&, config::value) {};
    host_->link(std::move(links));
    host_->start();
  }
  result<void> prepare(const std::string& body = "") {
    config::diagnostics out;
    files_.push_back(
        configuration::parse({config::source_file::make("test", "store.local \"x\" {\n" + body + "\n}\n")}, out));
    const auto* kind = kinds_.find("store.local");
    const auto arguments =
        kind->schema->decode(*files_.back()->files[0]->statements[0].as_block(), config::scope(), out);
    REQUIRE(arguments);
    host_ = std::make_shared<host>("store.local.x", *kind, services_);
    return host_->prepare(arguments);
  }
  void stop() {
    if (host_) host_->stop("shutdown");
    host_.reset();
  }
  void ends_soon() { host_->ends_soon(); }
  void finish() {
    (void)host_->finish([] {});
  }
  void push(telemetry::batch_ref batch) {
    source_.run(time_.now(), [&] { source_.push(0, batch, {}); });
  }
  void push_log(const std::string& line) {
    telemetry::logs_builder builder;
    builder.add(std::make_shared<telemetry::label_set>(telemetry::label_set{{"app", "a"}}), time_.wall_ms() * 1'000'000,
                line);
    push(builder.finish());
  }
  std::shared_ptr<telemetry::otlp_batch> spans(const std::string& name) {
    otlp::trace_builder builder({});
    otlp::span_view one;
    one.trace[0] = one.id[0] = 7;
    one.name = name;
    one.start_ns = static_cast<std::uint64_t>(time_.wall_ms()) * 1'000'000;
    one.end_ns = one.start_ns + 5;
    builder.add("scope", {}, one);
    return builder.finish();
  }
  void push(double value) {
    auto batch = std::make_shared<telemetry::metrics_batch>();
    batch->block = block_;
    batch->timestamp_ms = time_.wall_ms();
    batch->values = {value};
    push(std::move(batch));
  }
  ledger edge() { return source_.ledgers().at("store.local.x"); }
  std::shared_ptr<kept_answer> ask(const std::string& path, const std::string& match = "") {
    http::server_request request;
    if (!match.empty()) request.query = {{"match", match}};
    auto answer = std::make_shared<kept_answer>();
    REQUIRE(host_->serve(path, request, answer));
    return answer;
  }
  health_state state() { return host_->status().get().own.state; }
  std::string message() { return host_->status().get().own.message; }
  std::string page() const { return metrics_.page(exposition::format{}); }
  std::filesystem::path directory() const { return std::filesystem::path(directory_.file("data")) / "store.local.x"; }

  bool time_stands = false;  ///< no timer runs

  bool until(const std::function<bool()>& so) {
    const auto deadline = std::chrono::steady_clock::now() + 15s;
    do {
      turn();
      if (so()) return true;
      std::this_thread::sleep_for(2ms);
    } while (std::chrono::steady_clock::now() < deadline);
    return false;
  }

 private:
  void turn() {
    for (bool some = true; some;) {
      std::deque<std::function<void()>> posted;
      {
        std::lock_guard lock(mutex_);
        posted.swap(posted_);
      }
      for (const auto& what : posted)
        if (host_) host_->on_posted(what);
      if (host_) {
        if (!time_stands) host_->on_time();
        host_->flush();
      }
      source_.on_time(time_.now());
      for (auto& mail : source_.take_mail())
        mail_.push_back(std::move(mail));
      std::deque<edge_mail> mail;
      mail.swap(mail_);
      some = !posted.empty() || !mail.empty();
      for (const auto& one : mail) {
        if (one.to == "source")
          std::visit([&](const auto& what) { source_.on_mail(time_.now(), one.from, what); }, one.what);
        else if (host_)
          host_->on_mail(one);
      }
    }
  }

  testing::temporary_directory directory_;
  http::client client_;
  event_bus events_;
  own_metrics metrics_;
  blocking_pool blocking_{2};
  clocks time_;
  tracer tracing_;
  services services_{
      client_,  events_, metrics_, tracing_, blocking_, time_, directory_.file("data"), [] { return "127.0.0.1:1"; },
      "self:1", "host",  "test"};
  registry kinds_;
  std::vector<std::shared_ptr<const configuration>> files_;
  cell source_{"source", 2000};
  std::mutex mutex_;
  std::deque<std::function<void()>> posted_;
  std::deque<edge_mail> mail_;
  std::shared_ptr<host> host_;
  telemetry::block_ref block_ = [] {
    telemetry::chunk_builder builder;
    builder.family(telemetry::intern(telemetry::metric_family{"a", telemetry::metric_type::gauge, "", "", ""}));
    builder.series("a ");
    return std::make_shared<telemetry::series_block>(builder.finish(), telemetry::label_set{});
  }();
};

}  // namespace

TEST_CASE("a batch is settled when it is stored, and is still there for the next process") {
  rig in;
  in.start();
  for (int i = 0; i < 3; ++i)
    in.push(42);
  REQUIRE(in.until([&] { return in.edge().settled.batches == 3; }));
  CHECK(in.edge().balances());
  const auto answer = in.ask("samples", "a");
  REQUIRE(in.until([&] { return answer->there(); }));
  CHECK(answer->status == 200);
  CHECK(answer->body.find(",42.0]") != std::string::npos);
  CHECK(in.page().find("troupe_store_appended_samples_total{component_id=\"store.local.x\",component_path=\"/\"} 3") !=
        std::string::npos);
  CHECK(in.page().find("troupe_store_series{component_id=\"store.local.x\",component_path=\"/\"} 1") !=
        std::string::npos);
  in.stop();
  in.start();
  const auto again = in.ask("samples", "a");  // asked before it is open
  REQUIRE(in.until([&] { return again->there(); }));
  CHECK(again->body.find(",42.0]") != std::string::npos);
}

TEST_CASE("what can't be stored waits, unsettled, until it can; meanwhile the component says why") {
  rig in;
  std::filesystem::create_directories(in.directory().parent_path());
  std::ofstream(in.directory()) << "a file where the directory should be";
  in.start();
  in.push(1);
  REQUIRE(in.until([&] { return in.state() == health_state::unhealthy; }));
  CHECK(in.message().find("store.local.x") != std::string::npos);
  const auto answer = in.ask("stats");
  REQUIRE(in.until([&] { return answer->there(); }));
  CHECK(answer->status == 503);
  CHECK(in.edge().settled.batches == 0);
  CHECK(in.page().find("troupe_store_commit_failures_total") != std::string::npos);
  std::filesystem::remove(in.directory());
  REQUIRE(in.until([&] { return in.edge().settled.batches == 1; }));
  CHECK(in.state() == health_state::healthy);
}

TEST_CASE("a directory that another process has is refused when the component is made, not shared") {
  rig in;
  std::filesystem::create_directories(in.directory());
  const auto path = in.directory() / "lock";
  const int other = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  REQUIRE(::flock(other, LOCK_EX | LOCK_NB) == 0);
  const auto made = in.prepare();
  REQUIRE_FALSE(made);
  CHECK(made.error().message.find("the store in " + in.directory().string() + " is in use by another process") !=
        std::string::npos);
  CHECK_FALSE(std::filesystem::exists(in.directory() / "store.db"));
  ::close(other);
  in.start();
  in.push(1);
  REQUIRE(in.until([&] { return in.edge().settled.batches == 1; }));
  const int another = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  CHECK(::flock(another, LOCK_EX | LOCK_NB) != 0);
  in.stop();
  in.start();  // the one before may still close its files
  in.push(1);
  REQUIRE(in.until([&] { return in.edge().settled.batches == 2; }));
  in.stop();
  CHECK(in.until([&] { return ::flock(another, LOCK_EX | LOCK_NB) == 0; }));
  ::close(another);
}

TEST_CASE("at the end what still comes is stored at once, not with the next second") {
  rig in;
  in.start();
  in.push(1);
  REQUIRE(in.until([&] { return in.edge().settled.batches == 1; }));
  SECTION("those that send to it end before it, and wait for it") {
    in.ends_soon();
  }
  SECTION("it ends itself") {
    in.finish();
  }
  in.time_stands = true;
  in.push_log("the last words");
  CHECK(in.until([&] { return in.edge().settled.batches == 2; }));
  in.push_log("one more");
  CHECK(in.until([&] { return in.edge().settled.batches == 3; }));
}

TEST_CASE("a question too many is refused at once; the others are answered one by one") {
  rig in;
  in.start();
  in.push(1);
  REQUIRE(in.until([&] { return in.edge().settled.batches == 1; }));
  std::vector<std::shared_ptr<kept_answer>> all;
  for (int i = 0; i < 40; ++i)
    all.push_back(in.ask("stats"));
  CHECK(all.back()->status == 503);
  REQUIRE(in.until([&] { return std::all_of(all.begin(), all.end(), [](const auto& one) { return one->there(); }); }));
  CHECK(std::count_if(all.begin(), all.end(), [](const auto& one) { return one->status == 200; }) == 33);
}

TEST_CASE("a file that turns out to be damaged is set aside, and storing goes on in a new one") {
  rig in;
  in.start();
  in.push(1);
  REQUIRE(in.until([&] { return in.edge().settled.batches == 1; }));
  const auto log = in.directory() / "store.db-wal";
  const auto size = std::filesystem::file_size(log);
  {
    std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(32).write(std::string(size - 32, '\x7f').data(), static_cast<std::streamsize>(size - 32));
  }
  const auto answer = in.ask("samples", "a");
  REQUIRE(in.until([&] { return answer->there(); }));
  CHECK(answer->status == 503);
  REQUIRE(in.until([&] { return std::filesystem::exists(in.directory() / "store.db.damaged"); }));
  in.push(2);
  REQUIRE(in.until([&] { return in.edge().settled.batches == 2; }));
  CHECK(in.state() != health_state::unhealthy);
  const auto again = in.ask("samples", "a");
  REQUIRE(in.until([&] { return again->there(); }));
  CHECK(again->body.find(",2.0]") != std::string::npos);
}

TEST_CASE("metrics, logs and traces come to one component, each is stored and answered") {
  rig in;
  in.start();
  in.push(42);
  in.push_log("a line");
  in.push(in.spans("a span"));
  REQUIRE(in.until([&] { return in.edge().settled.batches == 3; }));
  CHECK(in.edge().balances());
  CHECK(in.edge().dropped.empty());
  for (int round = 0; round < 2; ++round) {
    const auto samples = in.ask("samples", "a"), logs = in.ask("logs", "{app=\"a\"}"), traces = in.ask("traces");
    const auto one = in.ask("traces/07000000000000000000000000000000"), stats = in.ask("stats");
    REQUIRE(in.until([&] { return stats->there(); }));
    CHECK(samples->body.find(",42.0]") != std::string::npos);
    CHECK(logs->body.find("\"a line\"]") != std::string::npos);
    CHECK(traces->body.find("\"root_name\":\"a span\"") != std::string::npos);
    CHECK(one->body.find("\"scope\":\"scope\"") != std::string::npos);
    CHECK(stats->body.find("\"entries\":1") != std::string::npos);
    CHECK(stats->body.find("\"spans\":1") != std::string::npos);
    in.stop();
    in.start();
  }
  // As after a restart of whoever sent it.
  in.push(in.spans("a span"));
  REQUIRE(in.until([&] { return in.edge().settled.batches == 4; }));
  const auto page = in.page();
  for (const char* metric : {"troupe_store_duplicate_spans_total", "troupe_store_appended_entries_total",
                             "signal=\"logs\"", "troupe_store_streams", "troupe_store_traces"}) {
    INFO(metric);
    CHECK(page.find(metric) != std::string::npos);
  }
}

TEST_CASE("otelcol signals that are no traces, or can't be decoded, are refused with their reason; the others stay") {
  rig in;
  in.start();
  for (const auto what : {telemetry::otlp_kind::metrics, telemetry::otlp_kind::logs}) {
    auto other = in.spans("x");
    other->what = what;
    in.push(other);
  }
  auto broken = in.spans("x");
  broken->message = "<html>";
  in.push(broken);
  in.push(in.spans("good"));
  REQUIRE(in.until([&] { return in.edge().settled.batches == 1 && in.edge().dropped.size() == 2; }));
  CHECK(in.edge().dropped.at("not_traces").batches == 2);
  CHECK(in.edge().dropped.at("undecodable").batches == 1);
  CHECK(in.edge().balances());
  CHECK(in.page().find("troupe_store_refused_batches_total{component_id=\"store.local.x\",component_path=\"/\",reason="
                       "\"undecodable\",signal=\"traces\"} 1") != std::string::npos);
  const auto traces = in.ask("traces");
  REQUIRE(in.until([&] { return traces->there(); }));
  CHECK(traces->body.find("\"good\"") != std::string::npos);
}

TEST_CASE("what the version before kept, metrics alone, is opened, and logs and traces are kept beside it") {
  rig in;
  in.start();
  in.push(42);
  REQUIRE(in.until([&] { return in.edge().settled.batches == 1; }));
  in.stop();
  REQUIRE(in.until([&] { return !std::filesystem::exists(in.directory() / "logs.db-wal"); }));  // it is closed
  for (const char* name : {"logs.db", "traces.db"})
    REQUIRE(std::filesystem::remove(in.directory() / name));
  in.start();
  in.push_log("new");
  REQUIRE(in.until([&] { return in.edge().settled.batches == 2; }));
  const auto samples = in.ask("samples", "a"), logs = in.ask("logs");
  REQUIRE(in.until([&] { return logs->there() && samples->there(); }));
  CHECK(samples->body.find(",42.0]") != std::string::npos);
  CHECK(logs->body.find("\"new\"]") != std::string::npos);
  CHECK(in.state() != health_state::unhealthy);
}

TEST_CASE("a damaged file of one signal leaves the others as they are") {
  rig in;
  std::filesystem::create_directories(in.directory());
  std::ofstream(in.directory() / "logs.db") << std::string(10'000, 'x');
  in.start();
  in.push(42);
  in.push_log("a line");
  REQUIRE(in.until([&] { return in.edge().settled.batches == 2; }));
  CHECK(std::filesystem::exists(in.directory() / "logs.db.damaged"));
  CHECK_FALSE(std::filesystem::exists(in.directory() / "store.db.damaged"));
}

TEST_CASE("each signal has its own bounds, the outer ones are for those that have none") {
  const auto decoded = [](const std::string& body) {
    config::diagnostics out;
    const auto file =
        configuration::parse({config::source_file::make("test", "store.local \"x\" {\n" + body + "\n}\n")}, out);
    const auto made = store::storing::schema().decode(*file->files[0]->statements[0].as_block(), config::scope(), out);
    return made ? store::storing::retentions(*static_cast<const store::storing::arguments*>(made.get()))
                : store::of_each<store::retention>{};
  };
  const auto all = decoded("max_age = \"2h\"\nlogs {\n  max_size = \"1MiB\"\n}\ntraces {\n  max_age = \"1m\"\n}");
  CHECK(all[0].max_age_ms == 7'200'000);
  CHECK(all[0].max_bytes == std::uint64_t{1} << 30);
  CHECK(all[1].max_age_ms == 7'200'000);
  CHECK(all[1].max_bytes == 1 << 20);
  CHECK(all[2].max_age_ms == 60'000);
  CHECK(all[2].max_bytes == std::uint64_t{1} << 30);
  CHECK(decoded("logs {\n  max_age = \"-1s\"\n}")[0].max_bytes == 0);  // refused
}
