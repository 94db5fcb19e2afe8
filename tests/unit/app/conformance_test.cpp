// One test over every registered component: what the runtime asks of all of them.

#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "actors/app/components.hpp"
#include "actors/runtime/blocking_pool.hpp"
#include "actors/runtime/graph.hpp"
#include "actors/runtime/host.hpp"
#include "actors/runtime/own_metrics.hpp"
#include "protocol/http/client.hpp"
#include "protocol/otlp/trace_builder.hpp"
#include "protocol/telemetry/logs.hpp"
#include "tests/catch.hpp"
#include "tests/temporary_directory.hpp"

using namespace troupe;
using namespace troupe::runtime;
using namespace std::chrono_literals;

namespace {

/// The least that each kind must be told, and another configuration that is right, too. A new component needs a line
/// here.
struct written {
  const char* first;
  const char* second;
};
const std::map<std::string, written>& examples() {
  static const std::map<std::string, written> all{
      {"prometheus.exporter.self", {"", ""}},
      {"prometheus.scrape",
       {"targets = [{\"__address__\" = \"127.0.0.1:1\"}]\nforward_to = [sink.receiver]\nscrape_interval = "
        "\"1s\"\nscrape_timeout = \"1s\"",
        "targets = []\nforward_to = [sink.receiver]\nextra_metrics = true"}},
      {"prometheus.relabel",
       {"forward_to = [sink.receiver]",
        "forward_to = [sink.receiver]\nrule {\n  target_label = \"a\"\n  replacement = \"b\"\n}"}},
      {"prometheus.remote_write",
       {"endpoint {\n  url = \"http://127.0.0.1:1/write\"\n}",
        "external_labels = {\"a\" = \"b\"}\nendpoint {\n  url = \"http://127.0.0.1:1/write\"\n  headers = {\"A\" = "
        "\"b\"}\n}"}},
      {"loki.write",
       {"endpoint {\n  url = \"http://127.0.0.1:1/push\"\n}",
        "external_labels = {\"a\" = \"b\"}\nendpoint {\n  url = \"http://127.0.0.1:1/push\"\n  tenant_id = \"t\"\n}"}},
      {"loki.echo", {"", ""}},
      {"otelcol.auth.basic",
       {"username = \"u\"\npassword = \"p\"", "client_auth {\n  username = \"u\"\n  password = \"q\"\n}"}},
      {"otelcol.auth.bearer", {"token = \"t\"", "token = \"t\"\nscheme = \"Token\""}},
      {"otelcol.auth.headers",
       {"header {\n  key = \"a\"\n  value = \"b\"\n}", "header {\n  key = \"a\"\n  action = \"delete\"\n}"}},
      {"otelcol.auth.oauth2",
       {"client_id = \"i\"\nclient_secret = \"s\"\ntoken_url = \"http://127.0.0.1:1/token\"",
        "client_id = \"i\"\nclient_secret = \"s\"\ntoken_url = \"http://127.0.0.1:1/token\"\nscopes = [\"a\"]"}},
      {"otelcol.exporter.otlp",
       {"client {\n  endpoint = \"127.0.0.1:1\"\n}",
        "timeout = \"1s\"\nclient {\n  endpoint = \"127.0.0.1:1\"\n  tls {\n    insecure = true\n  }\n}"}},
      {"otelcol.exporter.otlphttp",
       {"client {\n  endpoint = \"http://127.0.0.1:1\"\n}",
        "encoding = \"json\"\nclient {\n  endpoint = \"http://127.0.0.1:1\"\n}"}},
      {"store.local", {"", "max_age = \"1h\"\nlogs {\n  max_size = \"1MiB\"\n}"}},
  };
  return all;
}

/// Hosts and cells in one thread; answers of clients and of the blocking pool come through a queue.
class rig {
 public:
  rig()
      : blocking_(1), services_{client_,
                                events_,
                                metrics_,
                                tracing_,
                                blocking_,
                                time_,
                                directory_.file("data"),
                                [] { return "127.0.0.1:1"; },
                                "self:1",
                                "host",
                                "test"} {
    app::add_components(kinds_);
    sink_ = std::make_unique<cell>("sink", 1000);
    source_ = std::make_unique<cell>("source", 2000);
    struct nothing final : consumer {
      void consume(const batch_ref&, receipt) override {}
    };
    source_->start(now(), [] { return std::make_unique<nothing>(); });
    accept_with([](receipt) {});
  }

  void accept_with(std::function<void(receipt)> how) {
    struct taker final : consumer {
      rig* in;
      std::function<void(receipt)> how;
      void consume(const batch_ref& batch, receipt of) override {
        in->received_ += batch->items();
        how(std::move(of));
      }
    };
    sink_->stop();
    sink_->start(now(), [this, how] {
      auto made = std::make_unique<taker>();
      made->in = this;
      made->how = how;
      return made;
    });
  }

  arguments_ref decode(const std::string& name, const std::string& body, config::diagnostics& out) {
    const auto source = config::source_file::make("test", name + " \"x\" {\n" + body + "\n}\n");
    files_.push_back(configuration::parse({source}, out));
    config::scope scope;
    scope.set("sink", config::object({{"receiver", make_receiver("sink", telemetry::signal::metrics)}}));
    return kinds_.find(name)->schema->decode(*files_.back()->files[0]->statements[0].as_block(), scope, out);
  }

  std::shared_ptr<host> make(const std::string& name, const std::string& body) {
    config::diagnostics out;
    const auto arguments = decode(name, body, out);
    INFO(config::pretty(out));
    REQUIRE(arguments);
    auto made = std::make_shared<host>(name + ".x", *kinds_.find(name), services_);
    const auto ok = made->prepare(arguments);
    INFO((ok ? "" : ok.error().message));
    REQUIRE(ok);
    host_links links;
    links.send = [this](edge_mail mail) { mail_.push_back(std::move(mail)); };
    links.post = [this](std::function<void()> what) {
      std::lock_guard lock(mutex_);
      posted_.push_back(std::move(what));
    };
    links.exports_changed = [](const std::string&, config::value) {};
    made->link(std::move(links));
    return made;
  }
  void host_is(std::shared_ptr<host> one) { host_ = std::move(one); }

  /// Two samples, entries or spans.
  void push(const std::string& to, telemetry::signal what) {
    if (!connected_) source_->connect(0, {to});
    connected_ = true;
    source_->run(now(), [&] { source_->push(0, batch_of(what), {}); });
  }
  ledger edge(const std::string& to) { return source_->ledgers().at(to); }

  /// Lets everything run until it is so, or for a while.
  bool until(const std::function<bool()>& so, std::chrono::milliseconds longest = 15s) {
    const auto deadline = std::chrono::steady_clock::now() + longest;
    do {
      turn();
      if (so()) return true;
      std::this_thread::sleep_for(2ms);
    } while (std::chrono::steady_clock::now() < deadline);
    return false;
  }
  void turn() {
    for (bool some = true; some;) {
      some = false;
      std::deque<std::function<void()>> posted;
      {
        std::lock_guard lock(mutex_);
        posted.swap(posted_);
      }
      for (const auto& what : posted) {
        some = true;
        if (host_) host_->on_posted(what);
      }
      if (host_) {
        host_->on_time();
        host_->flush();
      }
      for (auto* one : {source_.get(), sink_.get()}) {
        one->on_time(now());
        for (auto& mail : one->take_mail())
          mail_.push_back(std::move(mail));
      }
      std::deque<edge_mail> mail;
      mail.swap(mail_);
      for (const auto& one : mail) {
        some = true;
        if (host_ && one.to == host_->id()) {
          host_->on_mail(one);
          continue;
        }
        auto* to = one.to == "sink" ? sink_.get() : one.to == "source" ? source_.get() : nullptr;
        if (to) std::visit([&](const auto& what) { to->on_mail(now(), one.from, what); }, one.what);
      }
    }
  }
  [[nodiscard]] time_point now() const { return time_.now(); }
  [[nodiscard]] std::uint64_t received() const { return received_; }
  [[nodiscard]] const registry& kinds() const { return kinds_; }

 private:
  [[nodiscard]] batch_ref batch_of(telemetry::signal what) const {
    if (what == telemetry::signal::logs) {
      static const auto labels = std::make_shared<const telemetry::label_set>(telemetry::label_set{{"a", "b"}});
      telemetry::logs_builder builder;
      builder.add(labels, time_.wall_ns(), "one");
      builder.add(labels, time_.wall_ns(), "two");
      return builder.finish();
    }
    if (what == telemetry::signal::otlp) {
      otlp::trace_builder builder({});
      for (std::uint8_t id = 1; id <= 2; ++id) {
        otlp::span_view span;
        span.trace[0] = span.id[0] = id;
        span.start_ns = span.end_ns = static_cast<std::uint64_t>(time_.wall_ns());
        builder.add("test", {}, span);
      }
      return builder.finish();
    }
    auto batch = std::make_shared<telemetry::metrics_batch>();
    batch->block = block_;
    batch->timestamp_ms = time_.wall_ms();
    batch->values = {1, 2};
    return batch;
  }

  testing::temporary_directory directory_;
  http::client client_;
  event_bus events_;
  own_metrics metrics_;
  blocking_pool blocking_;
  clocks time_;
  tracer tracing_;
  services services_;
  registry kinds_;
  std::vector<std::shared_ptr<const configuration>> files_;
  std::unique_ptr<cell> sink_, source_;
  std::mutex mutex_;
  std::deque<std::function<void()>> posted_;
  std::deque<edge_mail> mail_;
  std::shared_ptr<host> host_;
  std::uint64_t received_ = 0;
  bool connected_ = false;
  telemetry::block_ref block_ = [] {
    telemetry::chunk_builder builder;
    builder.family(telemetry::intern(telemetry::metric_family{"a", telemetry::metric_type::gauge, "", "", ""}));
    builder.series("a{x=\"1\"} ");
    builder.series("a{x=\"2\"} ");
    return std::make_shared<telemetry::series_block>(builder.finish(), telemetry::label_set{{"job", "j"}});
  }();
};

/// What it takes.
std::vector<telemetry::signal> signals_of(const component_definition& kind) {
  std::vector<telemetry::signal> all;
  for (const auto& one : kind.schema->exported_fields()) {
    if (one.type == "MetricsReceiver") all.push_back(telemetry::signal::metrics);
    if (one.type == "LogsReceiver") all.push_back(telemetry::signal::logs);
    if (one.type == "otelcol.Consumer") all.push_back(telemetry::signal::otlp);
  }
  return all;
}
bool passes_on(const component_definition& kind) {
  return !signals_of(kind).empty() && kind.schema->find_attribute("forward_to") != nullptr;
}

template <class F>
void for_every_component(F&& f) {
  registry kinds;
  app::add_components(kinds);
  for (const auto& [name, kind] : kinds.all()) {
    INFO(name);
    REQUIRE(examples().count(name) == 1);
    f(name, kind, examples().at(name));
  }
}

}  // namespace

TEST_CASE("every component describes itself") {
  for_every_component([](const std::string& name, const component_definition& kind, const written&) {
    CHECK(kind.schema->name() == name);
    CHECK_FALSE(kind.schema->doc().empty());
    for (const auto& one : kind.schema->attributes())
      CHECK((one.not_yet || !one.doc.empty()));
    CHECK(kind.schema->documentation().find(name) == 0);
  });
}

TEST_CASE("every component starts, is updated in place, ends; and may end without a start, or twice") {
  for_every_component([](const std::string& name, const component_definition&, const written& text) {
    INFO(name);
    rig in;
    {
      auto never_started = in.make(name, text.first);
      never_started->stop("shutdown");
      never_started->stop("shutdown");
    }
    auto one = in.make(name, text.first);
    in.host_is(one);
    one->start();
    in.turn();
    CHECK(one->status().get().run.state == health_state::healthy);
    config::diagnostics out;
    one->update(in.decode(name, text.second, out));
    in.turn();
    CHECK(one->status().get().evaluation.state == health_state::healthy);
    bool over = false;
    one->finish([&] { over = true; });
    CHECK(in.until([&] { return over; }));
    one->stop("shutdown");
    one->stop("shutdown");
    CHECK(one->status().get().run.state == health_state::exited);
    CHECK(one->debug_info() == "[]");
  });
}

TEST_CASE("every component refuses what it does not know") {
  for_every_component([](const std::string& name, const component_definition&, const written& text) {
    INFO(name);
    rig in;
    config::diagnostics out;
    CHECK_FALSE(in.decode(name, std::string(text.first) + "\nno_such_argument = 1\nno_such_block { }", out));
    CHECK(out.size() == 2);
  });
}

TEST_CASE("every component that takes batches settles them, and again after it was made anew in the middle") {
  for_every_component([](const std::string& name, const component_definition& kind, const written& text) {
    for (const auto signal : signals_of(kind)) {
      INFO(name << ", signal " << static_cast<int>(signal));
      rig in;
      auto one = in.make(name, text.first);
      in.host_is(one);
      one->start();
      const auto id = one->id();
      for (int i = 0; i < 5; ++i)
        in.push(id, signal);
      CHECK(in.until([&] { return in.edge(id).settled.batches == 5; }));
      CHECK(in.edge(id).balances());
      // Taken or not, settled or not: whoever comes after it gets what is left.
      for (int i = 0; i < 5; ++i)
        in.push(id, signal);
      one->stop("restart");
      CHECK(in.edge(id).balances());
      in.host_is(nullptr);
      one.reset();
      auto next = in.make(name, text.first);
      in.host_is(next);
      next->start();
      CHECK(in.until([&] { return in.edge(id).in_flight.batches == 0; }));
      CHECK(in.edge(id).balances());
      CHECK(in.edge(id).settled.batches == 10);
      next->stop("shutdown");
    }
  });
}

TEST_CASE("every component that passes batches on says it when they are refused further down") {
  for_every_component([](const std::string& name, const component_definition& kind, const written& text) {
    if (!passes_on(kind)) return;
    INFO(name);
    rig in;
    in.accept_with([](receipt of) { of.reject("no thanks"); });
    auto one = in.make(name, text.first);
    in.host_is(one);
    one->start();
    for (int i = 0; i < 3; ++i)
      in.push(one->id(), signals_of(kind).front());
    CHECK(in.until([&] { return in.edge(one->id()).in_flight.batches == 0; }));
    CHECK(in.edge(one->id()).dropped.at("no thanks").batches == 3);
    CHECK(in.edge(one->id()).balances());
    CHECK(in.received() == 6);
    one->stop("shutdown");
  });
}
