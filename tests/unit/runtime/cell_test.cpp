#include "actors/runtime/cell.hpp"

#include <stdexcept>

#include "tests/catch.hpp"
#include "tests/unit/runtime/toy_world.hpp"

using namespace troupe::runtime;
using namespace troupe::runtime::test;
using namespace std::chrono_literals;

namespace {

struct fixture : toy_world {
  std::vector<int> got;
  std::vector<receipt> held;

  fixture() {
    add("source").connect(0, {"sink"});
    host("source", [](const batch_ref&, receipt) {});
    add("sink");
  }
  cell& source() { return *cells.at("source"); }
  cell& sink() { return *cells.at("sink"); }
  ledger edge() { return source().ledgers().at("sink"); }
  void push(int n, std::size_t size = 100) {
    source().run(now, [&] { source().push(0, toy(n, size), {}); });
  }
  void collect() {
    host("sink", [this](const batch_ref& b, receipt) { got.push_back(number_of(b)); });
  }
  void hold() {
    host("sink", [this](const batch_ref& b, receipt r) {
      got.push_back(number_of(b));
      held.push_back(std::move(r));
    });
  }
};

}  // namespace

TEST_CASE_METHOD(fixture, "what is pushed arrives in order and settles") {
  collect();
  for (int n = 1; n <= 40; ++n)
    push(n);
  CHECK(edge().in_flight.batches == 40);
  settle();
  REQUIRE(got.size() == 40);
  CHECK(std::is_sorted(got.begin(), got.end()));
  CHECK(edge().settled.items == 40);
  CHECK(edge().in_flight.batches == 0);
  CHECK(edge().balances());
  CHECK(source().drained());
}

TEST_CASE_METHOD(fixture, "a batch is settled when the last receipt of it goes") {
  hold();
  push(1);
  settle();
  CHECK(got == std::vector{1});
  CHECK(edge().in_flight.batches == 1);
  sink().run(now, [&] { held.clear(); });
  settle();
  CHECK(edge().settled.batches == 1);
}

TEST_CASE_METHOD(fixture, "a refused batch is counted with its reason") {
  host("sink", [](const batch_ref&, receipt r) { r.reject("bad"); });
  push(1);
  settle();
  CHECK(edge().dropped.at("bad").items == 1);
  CHECK(edge().balances());
}

TEST_CASE_METHOD(fixture, "at most a window is untaken, at most the bound unsettled; then the oldest unsent goes") {
  // nobody hosts the sink's component: nothing is taken
  for (int n = 0; n < 100; ++n)
    push(n, 1 << 20);
  settle();
  CHECK(sink().inbox() == 8);  // 8 MiB of the window
  const auto counts = edge();
  CHECK(counts.unsettled_bytes <= edge_limits{}.unsettled_bytes);
  CHECK(counts.dropped.at("edge_full").batches == 36);
  CHECK(counts.balances());
  collect();
  settle();
  REQUIRE(got.size() == 64);
  CHECK(got.front() == 36);  // nothing had been sent before the source was done
  CHECK(got.back() == 99);
  CHECK(edge().balances());
}

TEST_CASE_METHOD(fixture, "an exception in a component: it starts again after a pause, nothing is lost or doubled") {
  int throws = 2;
  std::vector<cell::failure> failures;
  sink().on_failure = [&](const auto& f) { failures.push_back(f); };
  host("sink", [&](const batch_ref& b, receipt) {
    if (number_of(b) == 3 && throws-- > 0) throw std::runtime_error("no threes");
    got.push_back(number_of(b));
  });
  for (int n = 1; n <= 5; ++n)
    push(n);
  settle();
  CHECK(got == std::vector{1, 2});
  CHECK(sink().current() == cell::phase::waiting);
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].what == "no threes");
  CHECK(failures[0].delay >= 50ms);
  CHECK(failures[0].delay <= 100ms);
  pass(100ms);
  CHECK(failures.size() == 2);
  pass(200ms);
  CHECK(got == std::vector{1, 2, 3, 4, 5});
  CHECK(edge().settled.batches == 5);
  CHECK(sink().restarts() == 2);
}

TEST_CASE_METHOD(fixture, "a batch that kills its consumer three times is quarantined, its neighbours pass") {
  host("sink", [&](const batch_ref& b, receipt) {
    if (number_of(b) == 2) throw std::runtime_error("no twos");
    got.push_back(number_of(b));
  });
  for (int n = 1; n <= 3; ++n)
    push(n);
  for (int i = 0; i < 10; ++i)
    pass(1s);
  CHECK(got == std::vector{1, 3});
  CHECK(sink().restarts() == 3);
  CHECK(edge().dropped.at("quarantined").batches == 1);
  CHECK(edge().balances());
}

TEST_CASE_METHOD(fixture, "what a crashed component held comes again; what had left it does not") {
  hold();
  for (int n = 1; n <= 3; ++n)
    push(n);
  settle();
  sink().run(now, [&] { held.erase(held.begin() + 1); });  // 2 is settled, 1 and 3 are held
  settle();
  sink().run(now, [&] {
    held.clear();
    throw std::runtime_error("gone");
  });
  got.clear();
  collect();
  settle();
  pass(1s);
  CHECK(got == std::vector{1, 3});
  CHECK(edge().settled.batches == 3);
}

TEST_CASE_METHOD(fixture, "what a component pushes while it fails does not go out") {
  cells.at("sink")->connect(0, {"last"});
  add("last");
  std::vector<int> last;
  host("last", [&](const batch_ref& b, receipt) { last.push_back(number_of(b)); });
  bool fail = true;
  host("sink", [&](const batch_ref& b, receipt r) {
    sink().push(0, b, std::move(r));
    if (std::exchange(fail, false)) throw std::runtime_error("half way");
  });
  push(1);
  settle();
  CHECK(last.empty());
  pass(1s);
  CHECK(last == std::vector{1});
  CHECK(edge().settled.batches == 1);
  CHECK(sink().ledgers().at("last").pushed.batches == 1);
}

TEST_CASE_METHOD(fixture,
                 "a batch settles upstream when it is settled downstream; a stuck branch holds only its own edge") {
  sink().connect(0, {"fast", "stuck"});
  add("fast");
  add("stuck");
  std::vector<int> fast;
  host("fast", [&](const batch_ref& b, receipt) { fast.push_back(number_of(b)); });
  host("sink", [&](const batch_ref& b, receipt r) { sink().push(0, b, std::move(r)); });
  for (int n = 0; n < 200; ++n)
    push(n, 1 << 20), settle();
  CHECK(fast.size() == 200);
  CHECK(sink().ledgers().at("fast").settled.batches == 200);
  const auto stuck = sink().ledgers().at("stuck");
  CHECK(stuck.unsettled_bytes <= edge_limits{}.unsettled_bytes);
  CHECK(stuck.dropped.at("edge_full").batches > 0);
  CHECK(stuck.balances());
}

TEST_CASE_METHOD(fixture, "a source that can wait is held back and loses nothing") {
  sink().connect(0, {"stuck"});
  add("stuck");
  host("sink", [&](const batch_ref& b, receipt r) { sink().push(0, b, std::move(r)); });
  int pushed = 0;
  const auto fill = [&] {
    source().run(now, [&] {
      while (source().has_room() && pushed < 300) {
        auto one = std::make_shared<toy_batch>(pushed++, 1 << 20);
        one->source_waits = true;
        source().push(0, one, {});
        break;
      }
    });
    settle();
  };
  for (int i = 0; i < 400; ++i)
    fill();
  CHECK(pushed < 150);
  std::vector<int> last;
  host("stuck", [&](const batch_ref& b, receipt) { last.push_back(number_of(b)); });
  settle();
  for (int i = 0; i < 400; ++i)
    fill();
  REQUIRE(last.size() == 300);
  CHECK(std::is_sorted(last.begin(), last.end()));
  CHECK(edge().settled.batches == 300);
}

TEST_CASE_METHOD(fixture,
                 "an edge that is taken out of use delivers what it has; one whose consumer is gone counts it") {
  hold();
  push(1);
  settle();
  source().connect(0, {});
  sink().run(now, [&] { held.clear(); });
  settle();
  CHECK(edge().settled.batches == 1);
  source().connect(0, {"sink"});
  push(2);
  settle();
  source().forget_consumer("sink");
  CHECK(edge().dropped.at("consumer_removed").batches == 1);
  CHECK(edge().pushed.batches == 2);
  CHECK(edge().balances());
}

TEST_CASE_METHOD(fixture, "a consumer that was replaced by a fresh one gets what was not settled") {
  hold();
  for (int n = 1; n <= 3; ++n)
    push(n);
  settle();
  sink().run(now, [&] { held.erase(held.begin() + 1); });
  settle();
  held.clear();
  got.clear();
  add("sink");  // as if it had moved to another node
  collect();
  settle();
  CHECK(got.empty());
  pass(1s);  // the producer asks
  CHECK(got == std::vector{1, 3});
  CHECK(edge().settled.batches == 3);
}

TEST_CASE_METHOD(fixture, "a source that was held back goes on when the full consumer is taken away") {
  cell_limits small;
  small.edge.unsettled_bytes = 1000;
  cells.erase("source");
  add("source", small).connect(0, {"sink", "stuck"});
  add("stuck");
  host("source", [](const batch_ref&, receipt) {});
  collect();
  int calls = 0;
  source().on_room = [&] { ++calls; };
  for (int n = 1; source().has_room(); ++n) {
    source().run(now, [&] {
      auto one = std::make_shared<toy_batch>(n, 300);
      one->source_waits = true;
      source().push(0, one, {});
    });
    settle();
  }
  CHECK(calls == 0);
  CHECK(edge().in_flight.batches == 0);  // nobody owes the source an answer
  source().forget_consumer("stuck");
  REQUIRE(source().wake_at());
  CHECK(*source().wake_at() <= now);
  pass(0s);
  CHECK(calls == 1);
  CHECK_FALSE(source().wake_at());
}

TEST_CASE_METHOD(fixture, "two producers that began in the same moment are told apart") {
  std::vector<batch_identity> identities;
  for (const std::string id : {"a", "b"}) {
    cells[id] = std::make_unique<cell>(id, 5000);
    cells[id]->connect(0, {"sink"});
    host(id, [](const batch_ref&, receipt) {});
  }
  host("sink", [&](const batch_ref&, receipt r) { identities.push_back(r.identity()); });
  for (const std::string id : {"a", "b"})
    cells[id]->run(now, [&] { cells[id]->push(0, toy(1), {}); });
  settle();
  REQUIRE(identities.size() == 2);
  CHECK(identities[0].number == identities[1].number);
  CHECK(identities[0].source != identities[1].source);
}

TEST_CASE_METHOD(fixture,
                 "what had left a component is settled even when the component fails twice before it has caught up") {
  sink().connect(0, {"last"});
  add("last");
  std::vector<receipt> below;
  std::vector<int> last;
  host("last", [&](const batch_ref& b, receipt r) {
    last.push_back(number_of(b));
    below.push_back(std::move(r));
  });
  bool fail = false;
  host("sink", [&](const batch_ref& b, receipt r) {
    if (std::exchange(fail, false)) throw std::runtime_error("again");
    if (number_of(b) == 1) {
      held.push_back(std::move(r));
    } else {
      sink().push(0, b, std::move(r));
    }
  });
  push(1);
  push(2);
  settle();
  CHECK(last == std::vector{2});
  fail = true;
  sink().run(now, [&] {
    held.clear();
    throw std::runtime_error("once");
  });
  for (int i = 0; i < 5; ++i)
    pass(1s);
  CHECK(sink().restarts() == 2);
  sink().run(now, [&] { held.clear(); });
  cells.at("last")->run(now, [&] { below.clear(); });
  settle();
  CHECK(last == std::vector{2});
  CHECK(edge().settled.batches == 2);
}
