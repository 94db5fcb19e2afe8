// Controller, hosts and actors together, with components made for it.

#include "actors/runtime/controller.hpp"

#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "actors/runtime/receiver_field.hpp"
#include "tests/catch.hpp"
#include "tests/surroundings.hpp"
#include "tests/unit/runtime/toy_world.hpp"

using namespace troupe;
using namespace troupe::runtime;
using namespace std::chrono_literals;

namespace {

/// What the components of a test did, by their id.
struct diary {
  std::mutex mutex;
  std::map<std::string, std::vector<int>> taken;
  std::map<std::string, int> made, updated;
  std::map<std::string, std::string> made_with;  ///< the text of the newest life
  std::atomic<int> throws_left{0};
  std::atomic<bool> refuse_to_be_made{false};
  std::atomic<bool> refuse_update{false};
  std::atomic<bool> file_is_there{true};  // without it no sink can have the text "file", or a number
} written;

struct source_arguments {
  std::vector<metrics_receiver> forward_to;
  std::int64_t count = 0;
  friend bool operator==(const source_arguments&, const source_arguments&) = default;
};
struct sink_arguments {
  std::vector<metrics_receiver> forward_to;
  std::int64_t fails_at = -1;
  std::string text;
  std::chrono::nanoseconds lingers{};
  friend bool operator==(const sink_arguments&, const sink_arguments&) = default;
};

/// Pushes the numbers from 1 to `count`, one every millisecond.
class source final : public component {
 public:
  using arguments_type = source_arguments;
  source(component_context& context, std::shared_ptr<const source_arguments> a)
      : context_(context), out_(context, 0), count_(a->count) {
    out_.connect(receivers_of(a->forward_to));
  }
  static config::value exports(const component_place&, const source_arguments&) {
    return config::object({{"pushed", 0}});
  }
  void start() override { arm(); }
  result<void> update(const arguments_ref& a) override {
    const auto& given = *static_cast<const source_arguments*>(a.get());
    const bool done = pushed_ >= std::exchange(count_, given.count);
    out_.connect(receivers_of(given.forward_to));
    if (done && pushed_ < count_) arm();
    return {};
  }
  void finish() override { next_.cancel(); }

 private:
  void arm() {
    if (pushed_ >= count_) return context_.set_exports(config::object({{"pushed", pushed_}}));
    next_ = context_.after(1ms, [this] {
      auto batch = std::make_shared<test::toy_batch>(static_cast<int>(++pushed_));
      context_.push(0, batch, {});
      arm();
    });
  }
  component_context& context_;
  outlet<telemetry::metrics_batch> out_;
  std::int64_t count_, pushed_ = 0;
  timer next_;
};

/// Notes what it takes and hands it on; throws at one number as often as the diary says.
class sink final : public component {
 public:
  using arguments_type = sink_arguments;
  sink(component_context& context, std::shared_ptr<const sink_arguments> a)
      : context_(context), fails_at_(a->fails_at), lingers_(a->lingers) {
    if (written.refuse_to_be_made) throw std::runtime_error("not today");
    outlet<telemetry::metrics_batch>(context, 0).connect(receivers_of(a->forward_to));
    std::lock_guard lock(written.mutex);
    ++written.made[context.id()];
    written.made_with[context.id()] = a->text;
  }
  static config::value exports(const component_place& place, const sink_arguments&) {
    return config::object({{"receiver", make_receiver(place.id, telemetry::signal::metrics)}});
  }
  static result<void> check(services&, const sink_arguments& a) {
    return a.text.empty() || written.file_is_there ? result<void>() : failure("no such file");
  }
  result<void> update(const arguments_ref& a) override {
    if (written.refuse_update) return failure("not now");
    fails_at_ = static_cast<const sink_arguments*>(a.get())->fails_at;
    std::lock_guard lock(written.mutex);
    ++written.updated[context_.id()];
    return {};
  }
  void consume(const batch_ref& batch, receipt of) override {
    const int number = test::number_of(batch);
    context_.push(0, batch, std::move(of));  // goes out only if what follows ends well
    if (number == fails_at_ && written.throws_left.fetch_sub(1) > 0) throw std::runtime_error("a bad number");
    std::lock_guard lock(written.mutex);
    written.taken[context_.id()].push_back(number);
  }
  void finish() override {
    gone_ = context_.after(lingers_, [this] { finished_ = true; });
  }
  bool finished() const override { return finished_; }
  clock_duration finishes_within() const override { return lingers_; }

 private:
  component_context& context_;
  std::int64_t fails_at_;
  clock_duration lingers_;
  timer gone_;
  bool finished_ = false;
};

registry kinds() {
  static const auto source_schema = [] {
    auto s =
        config::describe<source_arguments>("test.source", config::stability::generally_available, "Pushes numbers.");
    s.attribute("forward_to", &source_arguments::forward_to, "Where.")
        .attribute("count", &source_arguments::count, "How many.");
    return s;
  }();
  static const auto sink_schema = [] {
    auto s = config::describe<sink_arguments>("test.sink", config::stability::generally_available, "Takes numbers.");
    s.attribute("forward_to", &sink_arguments::forward_to, "Where.")
        .attribute("fails_at", &sink_arguments::fails_at, "When it throws.")
        .attribute("text", &sink_arguments::text, "Anything.")
        .attribute("lingers", &sink_arguments::lingers, "How long it takes to finish.");
    return s;
  }();
  registry all;
  all.add(define<source>(source_schema));
  all.add(define<sink>(sink_schema));
  return all;
}

/// Counts evaluations that failed.
struct failures_told final : event_subscriber {
  event_interest interest() const override { return event_interest().of<evaluation_failed>(); }
  void on_event(const event&) noexcept override { ++count; }
  std::atomic<int> count{0};
};

struct rig : testing::surroundings<> {
  registry known = kinds();
  engine actors{2};
  controller control{known, shared, actors, {}};

  rig() {
    std::lock_guard lock(written.mutex);
    written.taken.clear();
    written.made.clear();
    written.updated.clear();
    written.throws_left = 0;
    written.refuse_to_be_made = written.refuse_update = false;
    written.file_is_there = true;
  }
  std::string load(const std::string& text) {
    config::diagnostics out;
    const auto what = configuration::parse({config::source_file::make("t", text)}, out);
    REQUIRE(out.empty());
    std::string said;
    for (const auto& one : control.load(what).diagnostics)
      said += one.text() + "\n";
    return said;
  }
  int updates(const std::string& id) {
    std::lock_guard lock(written.mutex);
    return written.updated[id];
  }
  health evaluation(const std::string& id) { return status(id).evaluation; }
  std::vector<int> taken(const std::string& id) {
    std::lock_guard lock(written.mutex);
    return written.taken[id];
  }
  static bool eventually(const std::function<bool()>& so) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!so()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }
  component_status::view status(const std::string& id) {
    for (const auto& one : control.components()) {
      if (one.id == id) return one.running->status().get();
    }
    throw std::runtime_error("no component " + id);
  }
};

std::vector<int> up_to(int n) {
  std::vector<int> all;
  for (int i = 1; i <= n; ++i)
    all.push_back(i);
  return all;
}

}  // namespace

TEST_CASE("batches flow from actor to actor, and the ledgers balance") {
  rig in;
  CHECK(in.load("test.source \"a\" { forward_to = [test.sink.b.receiver]\n count = 50 }\n"
                "test.sink \"b\" { forward_to = [test.sink.c.receiver] }\ntest.sink \"c\" { }")
            .empty());
  CHECK(in.control.ready());
  CHECK(rig::eventually([&] { return in.taken("test.sink.c").size() == 50; }));
  CHECK(in.taken("test.sink.c") == up_to(50));
  CHECK(rig::eventually([&] { return in.status("test.source.a").edges.at("test.sink.b").settled.batches == 50; }));
  CHECK(in.status("test.source.a").edges.at("test.sink.b").balances());
}

TEST_CASE("an exception in a component: it is made anew, nothing is lost or doubled, and its health told it") {
  rig in;
  written.throws_left = 2;
  CHECK(in.load("test.source \"a\" { forward_to = [test.sink.b.receiver]\n count = 30 }\n"
                "test.sink \"b\" { forward_to = [test.sink.c.receiver]\n fails_at = 10 }\ntest.sink \"c\" { }")
            .empty());
  CHECK(rig::eventually([&] { return in.status("test.sink.b").restarts == 1; }));
  CHECK(rig::eventually([&] { return in.taken("test.sink.c").size() == 30; }));
  CHECK(in.taken("test.sink.b") == up_to(30));
  CHECK(in.taken("test.sink.c") == up_to(30));
  CHECK(in.status("test.sink.b").restarts == 2);
  CHECK(rig::eventually([&] { return in.status("test.sink.b").overall().state == health_state::healthy; }));
}

TEST_CASE("a component that cannot be made fails the load; what ran goes on untouched") {
  rig in;
  CHECK(in.load("test.sink \"b\" { }").empty());
  written.refuse_to_be_made = true;
  const auto said = in.load("test.sink \"b\" { text = \"other\" }\ntest.sink \"c\" { }");
  CHECK(said.find("Failed to build component: not today") != std::string::npos);
  CHECK(in.control.components().size() == 1);
  std::lock_guard lock(written.mutex);
  CHECK(written.updated["test.sink.b"] == 0);
}

TEST_CASE("a reload updates in place what has changed, and nothing else; what is gone ends and delivers first") {
  rig in;
  CHECK(in.load("test.source \"a\" { forward_to = [test.sink.b.receiver]\n count = 20 }\ntest.sink \"b\" { "
                "}\ntest.sink \"same\" { }")
            .empty());
  CHECK(rig::eventually([&] { return in.taken("test.sink.b").size() == 20; }));
  CHECK(in.load("test.source \"a\" { forward_to = [test.sink.c.receiver]\n count = 40 }\ntest.sink \"c\" { "
                "}\ntest.sink \"same\" { }")
            .empty());
  CHECK(in.control.components().size() == 3);
  std::lock_guard lock(written.mutex);
  CHECK(written.made["test.sink.same"] == 1);
  CHECK(written.updated["test.sink.same"] == 0);
}

TEST_CASE("arguments that the world does not bear fail the load and the plan of one") {
  rig in;
  CHECK(in.load("test.sink \"b\" { }\ntest.sink \"c\" { }").empty());
  written.file_is_there = false;
  const std::string next = "test.sink \"b\" { text = \"file\" }\ntest.sink \"c\" { fails_at = 7 }";
  const auto told = std::make_shared<failures_told>();
  in.events.subscribe(told);
  CHECK(in.load(next).find("t:1:1: Failed to build component: no such file") != std::string::npos);
  CHECK(told->count == 1);
  config::diagnostics out;
  const auto what = configuration::parse({config::source_file::make("t", next)}, out);
  std::promise<load_plan> said;
  in.control.plan(what, [&](const load_plan& plan) { said.set_value(plan); });
  CHECK_FALSE(said.get_future().get().ok());
  CHECK(told->count == 1);  // a plan is no load
  CHECK(in.updates("test.sink.b") + in.updates("test.sink.c") == 0);
  CHECK(in.evaluation("test.sink.b").state == health_state::healthy);
  written.file_is_there = true;
  CHECK(in.load(next).empty());
  CHECK(rig::eventually([&] { return in.updates("test.sink.b") == 1 && in.updates("test.sink.c") == 1; }));
  // What it has already is not asked again.
  written.file_is_there = false;
  CHECK(in.load(next).empty());
}

TEST_CASE("an update that fails: the next life has the old arguments, the next load tries it again") {
  rig in;
  const auto told = std::make_shared<failures_told>();
  in.events.subscribe(told);
  const auto pushing = [](int count, const std::string& text) {
    return "test.source \"a\" { forward_to = [test.sink.b.receiver]\n count = " + std::to_string(count) +
           " }\ntest.sink \"b\" { fails_at = 22\n text = \"" + text + "\" }";
  };
  CHECK(in.load(pushing(0, "old")).empty());
  written.refuse_update = true;
  written.throws_left = 1;
  CHECK(in.load(pushing(30, "new")).empty());
  CHECK(rig::eventually([&] { return in.evaluation("test.sink.b").state == health_state::unhealthy; }));
  CHECK(in.evaluation("test.sink.b").message == "component evaluation failed: not now");
  CHECK(rig::eventually([&] { return in.taken("test.sink.b") == up_to(30); }));
  CHECK(in.status("test.sink.b").restarts == 1);
  {
    std::lock_guard lock(written.mutex);
    CHECK(written.made_with["test.sink.b"] == "old");
  }
  written.refuse_update = false;
  CHECK(in.load(pushing(30, "new")).empty());
  CHECK(rig::eventually([&] { return in.evaluation("test.sink.b").state == health_state::healthy; }));
  CHECK(in.updates("test.sink.b") == 1);
  CHECK(told->count == 1);
}

TEST_CASE("an evaluation that the world does not bear leaves what there is") {
  rig in;
  const auto told = std::make_shared<failures_told>();
  in.events.subscribe(told);
  written.file_is_there = false;
  CHECK(in.load("test.source \"a\" { count = 5 }\ntest.sink \"b\" { text = test.source.a.pushed }").empty());
  CHECK(rig::eventually([&] { return in.evaluation("test.sink.b").state == health_state::unhealthy; }));
  CHECK(in.evaluation("test.sink.b").message == "component evaluation failed: no such file");
  CHECK(in.updates("test.sink.b") == 0);
  CHECK(rig::eventually([&] { return told->count == 1; }));
}

TEST_CASE("an export that changes: those that refer to it are evaluated again, others are not") {
  rig in;
  CHECK(in.load("test.source \"a\" { count = 5 }\ntest.sink \"b\" { text = test.source.a.pushed }\ntest.sink \"c\" { }")
            .empty());
  CHECK(rig::eventually([&] {
    std::lock_guard lock(written.mutex);
    return written.updated["test.sink.b"] == 1;
  }));
  // The component is told before the view of it is renewed.
  CHECK(rig::eventually([&] {
    for (const auto& one : in.control.components()) {
      if (one.id == "test.sink.b" && one.arguments_json.find("\"5\"") != std::string::npos) return true;
    }
    return false;
  }));
  std::lock_guard lock(written.mutex);
  CHECK(written.updated["test.sink.c"] == 0);
}

TEST_CASE("the end is orderly: what sources pushed arrives before its takers end") {
  rig in;
  CHECK(in.load("test.source \"a\" { forward_to = [test.sink.b.receiver]\n count = 1000000 }\n"
                "test.sink \"b\" { forward_to = [test.sink.c.receiver] }\ntest.sink \"c\" { }")
            .empty());
  CHECK(rig::eventually([&] { return in.taken("test.sink.c").size() > 20; }));
  in.control.stop();
  CHECK(in.taken("test.sink.b") == in.taken("test.sink.c"));
  CHECK(in.control.components().empty());
}

TEST_CASE("a component that says how long its end takes is given the time") {
  rig in;
  controller_options options;
  options.drain_deadline = 10ms;
  controller hasty(in.known, in.shared, in.actors, options);
  config::diagnostics out;
  const auto what =
      configuration::parse({config::source_file::make("t", "test.sink \"a\" { lingers = \"300ms\" }")}, out);
  REQUIRE(hasty.load(what).ok());
  bool drained = false;
  hasty.stop([&](bool all) { drained = all; });
  CHECK(drained);
}

TEST_CASE("a plan says what a load would change, and changes nothing") {
  rig in;
  CHECK(in.load("test.sink \"kept\" { }\ntest.sink \"other\" { text = \"a\" }\ntest.sink \"gone\" { }").empty());
  const auto plan_of = [&](const std::string& text) {
    config::diagnostics out;
    const auto what = configuration::parse({config::source_file::make("t", text)}, out);
    REQUIRE(out.empty());
    std::promise<load_plan> said;
    in.control.plan(what, [&](const load_plan& plan) { said.set_value(plan); });
    return said.get_future().get();
  };
  written.refuse_to_be_made = true;  // nothing is made
  const auto plan = plan_of("test.sink \"kept\" { }\ntest.sink \"fresh\" { }\ntest.sink \"other\" { text = \"b\" }");
  CHECK(plan.ok());
  CHECK(plan.unchanged == 1);
  REQUIRE(plan.changes.size() == 3);
  CHECK(plan.changes[0].id == "test.sink.fresh");
  CHECK(plan.changes[0].what == planned_change::kind::added);
  CHECK(plan.changes[0].before_json.empty());
  CHECK(plan.changes[1].id == "test.sink.gone");
  CHECK(plan.changes[1].what == planned_change::kind::removed);
  CHECK(plan.changes[1].after_json.empty());
  CHECK(plan.changes[2].id == "test.sink.other");
  CHECK(plan.changes[2].before_json.find("\"a\"") != std::string::npos);
  CHECK(plan.changes[2].after_json.find("\"b\"") != std::string::npos);

  const auto wrong = plan_of("test.sink \"kept\" { text = 1 }\ntest.nothing \"x\" { }");
  CHECK_FALSE(wrong.ok());
  CHECK(wrong.changes.empty());
  CHECK(in.control.components().size() == 3);
  std::lock_guard lock(written.mutex);
  CHECK(written.updated.empty());
  CHECK(written.made.size() == 3);
}

TEST_CASE("what is shown of a component: its place, what it costs, and what a tap sees of its edges") {
  rig in;
  const std::string sinks = "\ntest.sink \"b\" {\n  forward_to = [test.sink.c.receiver]\n}\ntest.sink \"c\" { }";
  CHECK(in.load(sinks).empty());
  const auto b = *find(in.control.components(), "test.sink.b");
  CHECK(b.place.file == "t");
  CHECK(b.place.first_line == 2);
  CHECK(b.place.last_line == 4);
  const auto all = std::make_shared<tap>(""), one = std::make_shared<tap>("test.sink.c");
  for (const auto& eye : {all, one})
    in.actors.post("test.sink.b", [host = b.running, eye] { host->watch(eye); });
  CHECK(in.load("test.source \"a\" {\n forward_to = [test.sink.b.receiver]\n count = 5\n}" + sinks).empty());
  REQUIRE(rig::eventually([&] { return in.taken("test.sink.c").size() == 5; }));
  const auto seen = all->look();
  CHECK(seen.sights.size() == 10);
  CHECK(std::count_if(seen.sights.begin(), seen.sights.end(),
                      [](const auto& s) { return s.incoming && s.peers == "test.source.a"; }) == 5);
  const auto edge = one->look();
  REQUIRE(edge.sights.size() == 5);
  CHECK_FALSE(edge.sights[0].incoming);
  CHECK(edge.sights[0].peers == "test.sink.c");
  CHECK(all->look().sights.empty());
  CHECK(rig::eventually([&] { return in.status("test.sink.b").busy > clock_duration::zero(); }));
  CHECK(find(in.control.components(), "test.sink.b")->place.first_line == 5);
}

TEST_CASE("a tap that nobody empties holds a bounded number of batches and counts the rest") {
  tap eye("");
  for (int i = 0; i < 100; ++i)
    eye.taken("p", std::make_shared<test::toy_batch>(i));
  const auto seen = eye.look();
  CHECK(seen.sights.size() == tap::max_batches);
  CHECK(seen.missed_items == 100 - tap::max_batches);
}
