// An endpoint in a host of its own, with a protocol and a journal that do as the test says.

#include "actors/writer/endpoint.hpp"

#include <deque>
#include <map>

#include "actors/runtime/host.hpp"
#include "tests/catch.hpp"
#include "tests/surroundings.hpp"

using namespace troupe;
using namespace troupe::runtime;
using namespace troupe::writer;
using namespace std::chrono_literals;

namespace {

struct numbered final : telemetry::batch {
  telemetry::signal kind() const override { return telemetry::signal::metrics; }
  std::size_t items() const override { return 1; }
  std::size_t bytes() const override { return 1; }
  char name = 'a';
};

struct fake_source final : batch_source {
  result<std::optional<entry>> read(sequence from) override {
    if (!error.empty()) return failure(error);
    const auto at = entries.lower_bound(from);
    if (at == entries.end()) return std::nullopt;
    return at->second;
  }
  std::map<sequence, entry> entries;
  std::string error;
};

/// One request for each batch, or for each of its lanes; its answers are given by hand.
struct fake_protocol final : protocol {
  prepared prepare(const telemetry::batch_ref&) override {
    prepared made{std::nullopt, 0, {}, nullptr, lanes};
    made.pieces.resize(std::max<std::size_t>(1, lanes.size()), {1, 1, 0, 1});
    return made;
  }
  bool ready(const writer::delivery& now) override { return !wants_idle || now.idle(); }
  body_ref build(std::span<const part> parts) override {
    std::string body;
    for (const auto& one : parts) {
      body += static_cast<const numbered&>(*one.of).name;
      if (!lanes.empty()) body += std::to_string(one.piece);
    }
    return std::make_shared<const request_body>(request_body{body});
  }
  void send(body_ref body, std::uint32_t, unsigned, when_done done) override {
    sent.emplace_back(body->bytes, std::move(done));
  }
  std::string url() const override { return "test:"; }
  void on_dropped(const request_body& body, std::uint32_t, std::uint64_t items, const reply& how) override {
    dropped.push_back(body.bytes + " " + std::to_string(items) + " " + how.reason);
  }
  void on_unreadable(std::uint64_t records) override { unreadable += records; }
  void on_answered(const request_body& body, std::uint32_t, const reply&) override { answered += body.bytes; }
  std::vector<std::string> dropped;
  std::uint64_t unreadable = 0;
  std::string answered;
  std::vector<std::uint64_t> lanes;
  bool wants_idle = false;
  std::deque<std::pair<std::string, when_done>> sent;
};

struct nothing {
  friend bool operator==(const nothing&, const nothing&) = default;
};

struct recorder final : event_subscriber {
  event_interest interest() const override { return event_interest().all(log_level::debug).sampled_spans(); }
  void on_event(const event& what) noexcept override {
    seen.push_back(std::string(to_string(what.level())) + " " + std::string(what.kind().name));
    if (what.kind().span != nullptr && what.header().trace.sampled) spans.push_back(what.header());
  }
  std::vector<std::string> seen;
  std::vector<event_header> spans;
};

/// A component that is nothing but the context of an endpoint.
struct bystander final : component {
  using arguments_type = nothing;
  bystander(component_context& context, std::shared_ptr<const nothing>) { last = &context; }
  result<void> update(const arguments_ref&) override { return {}; }
  static inline component_context* last = nullptr;
};

struct rig : testing::surroundings<testing::stopped_clock> {
  config::component_schema schema =
      config::describe<nothing>("test.writer", config::stability::generally_available, "");
  component_definition kind = define<bystander>(schema);
  std::shared_ptr<host> of = std::make_shared<host>("test.writer.x", kind, shared);
  std::deque<std::function<void()>> posted;
  std::shared_ptr<recorder> told = std::make_shared<recorder>();
  fake_source* source = nullptr;
  fake_protocol* speaks = nullptr;
  std::unique_ptr<endpoint> under_test;

  rig() {
    host_links links;
    links.send = [](edge_mail) {};
    links.post = [this](std::function<void()> what) { posted.push_back(std::move(what)); };
    links.exports_changed = [](const std::string&, config::value) {};
    of->link(std::move(links));
    REQUIRE(of->prepare(std::make_shared<const nothing>()));
    of->start();
    auto from = std::make_unique<fake_source>();
    auto how = std::make_unique<fake_protocol>();
    source = from.get(), speaks = how.get();
    under_test =
        std::make_unique<endpoint>(*bystander::last, "key", "name", std::move(how), std::move(from), sequence{1});
    endpoint_settings settings;
    settings.delivery.max_size = 1;
    settings.delivery.min_backoff = settings.delivery.max_backoff = 10ms;
    settings.max_pending = 100;
    under_test->set(settings);
    events.subscribe(told);
    told->seen.clear();
  }
  ~rig() {
    under_test.reset();
    of->stop("end");
    events.unsubscribe(*told);
  }
  std::shared_ptr<numbered> offer(sequence number, char name) {
    auto batch = std::make_shared<numbered>();
    batch->name = name;
    source->entries[number] = {number, batch, {}};
    return batch;
  }
  void answer(request_outcome::kind how, std::string words = "") {
    REQUIRE_FALSE(speaks->sent.empty());
    auto done = std::move(speaks->sent.front().second);
    speaks->sent.pop_front();
    done({{how, {}}, std::move(words), "refused", 0, 1ms});
    while (!posted.empty()) {
      const auto next = std::move(posted.front());
      posted.pop_front();
      of->on_posted(next);
    }
  }
  void pass(clock_duration some) {
    time.time += some;
    of->on_time();
  }
};
using kind = request_outcome::kind;

}  // namespace

TEST_CASE_METHOD(rig, "a record that can't be decoded is counted and said, those after it go on") {
  offer(1, 'a');
  source->entries[2] = {2, nullptr, "it names an unknown block"};
  offer(3, 'c');
  under_test->pump();
  REQUIRE(speaks->sent.size() == 2);
  CHECK(speaks->sent[1].first == "c");
  CHECK(told->seen == std::vector<std::string>{"error journal_damaged"});
  CHECK(metrics.page({}).find("troupe_journal_unreadable_records_total{component_id=\"test.writer.x\","
                              "component_path=\"/\",endpoint=\"name\"} 1") != std::string::npos);
  CHECK(under_test->describe().last_error == "record 2: it names an unknown block");
  CHECK(speaks->unreadable == 1);
  answer(kind::delivered);
  answer(kind::delivered);
  CHECK(under_test->done_before() == 4);
  CHECK(speaks->answered == "ac");
}

TEST_CASE_METHOD(rig, "a journal that can't be read now is trouble, and is tried again") {
  source->error = "read 0001: Input/output error";
  offer(1, 'a');
  int progress = 0;
  under_test->on_progress = [&] { ++progress; };
  under_test->pump();
  under_test->pump();
  CHECK(under_test->trouble() == "journal: read 0001: Input/output error");
  CHECK(progress == 1);
  source->error.clear();
  under_test->pump();
  answer(kind::delivered);
  CHECK(under_test->trouble().empty());
}

TEST_CASE_METHOD(rig, "delivering own telemetry is not reported, but for a failure a minute") {
  for (sequence number = 1; number <= 3; ++number)
    offer(number, 'a')->self_telemetry = true;
  under_test->pump();
  answer(kind::delivered);
  CHECK(told->seen.empty());
  answer(kind::retry, "no route");
  CHECK(told->seen == std::vector<std::string>{"warn batch_retried"});
  CHECK(under_test->trouble() == "no route");
  answer(kind::refused, "bad");
  CHECK(told->seen.back() == "error batch_dropped");  // what is lost has its own line
  CHECK(told->seen.size() == 2);
  for (int i = 0; i < 20; ++i) {
    pass(20ms);
    answer(kind::retry, "no route");
  }
  CHECK(told->seen.size() == 2);
  pass(1min);
  answer(kind::retry, "no route");
  CHECK(told->seen.size() == 3);
  pass(20ms);
  answer(kind::delivered);
  CHECK(told->seen.back() == "info endpoint_recovered");
  CHECK(told->seen.size() == 4);
}

TEST_CASE_METHOD(rig, "each sampled batch of a request has the delivery in its own trace") {
  endpoint_settings settings;
  settings.delivery.max_size = 3;
  settings.max_pending = 100;
  under_test->set(settings);
  for (sequence number = 1; number <= 3; ++number) {
    auto& context = offer(number, 'a')->context;
    context.trace_id.fill(static_cast<std::uint8_t>(number));
    context.span_id.fill(static_cast<std::uint8_t>(10 * number));
    context.sampled = number != 2;
  }
  under_test->pump();
  REQUIRE(speaks->sent.size() == 1);
  CHECK(speaks->sent[0].first == "aaa");
  answer(kind::delivered);
  REQUIRE(told->spans.size() == 2);
  CHECK(told->spans[0].trace.trace_id[0] == 1);
  CHECK(told->spans[0].parent[0] == 10);
  CHECK(told->spans[0].trace.span_id != told->spans[0].parent);
  CHECK(told->spans[1].trace.trace_id[0] == 3);
}

TEST_CASE_METHOD(rig, "the lanes of a batch go each for itself, and it is done when they all are") {
  speaks->lanes = {3, 3, 8};
  offer(1, 'a');
  offer(2, 'b');
  under_test->pump();
  REQUIRE(speaks->sent.size() == 3);  // what follows in a lane waits; two pieces of a lane are no matter
  CHECK(speaks->sent[0].first == "a0");
  CHECK(speaks->sent[1].first == "a1");
  CHECK(speaks->sent[2].first == "a2");
  std::swap(speaks->sent[0], speaks->sent[2]);
  answer(kind::delivered);
  REQUIRE(speaks->sent.size() == 3);
  CHECK(speaks->sent[2].first == "b2");
  CHECK(under_test->done_before() == 1);
  answer(kind::delivered);
  answer(kind::delivered);
  CHECK(under_test->done_before() == 2);
  while (!speaks->sent.empty())
    answer(kind::delivered);
  CHECK(under_test->done_before() == 3);
  CHECK(under_test->counts().delivered == 6);
}

TEST_CASE_METHOD(rig, "a protocol that wants all before done first is not asked to prepare more") {
  offer(1, 'a');
  under_test->pump();
  speaks->wants_idle = true;
  offer(2, 'b');
  under_test->pump();
  CHECK(speaks->sent.size() == 1);
  answer(kind::delivered);
  CHECK(speaks->sent.size() == 1);
  CHECK(under_test->wanted() == 3);
}

TEST_CASE_METHOD(rig, "what finds no room waits on the disk, or is dropped where that is asked for") {
  endpoint_settings settings;
  settings.delivery.max_size = 1;
  settings.delivery.max_in_flight = 1;
  settings.max_pending = 2;
  const bool dropping = GENERATE(false, true);
  settings.drop_on_overflow = dropping;
  for (sequence number = 1; number <= 4; ++number)
    offer(number, static_cast<char>('a' + number - 1));
  under_test->set(settings);
  under_test->pump();
  int progress = 0;
  CHECK(under_test->wanted() == 3);
  for (int i = 0; i < 4; ++i)  // what was there before it kept up is all sent
    answer(kind::delivered);
  CHECK(speaks->dropped.empty());
  CHECK(under_test->done_before() == 5);
  told->seen.clear();
  for (sequence number = 5; number <= 8; ++number)
    offer(number, static_cast<char>('a' + number - 1));
  under_test->on_progress = [&] { ++progress; };
  under_test->pump();
  if (dropping) {
    CHECK(speaks->dropped == std::vector<std::string>{"g 1 queue_is_full", "h 1 queue_is_full"});
    CHECK(told->seen == std::vector<std::string>{"error batch_dropped", "debug batch_dropped"});
    CHECK(under_test->counts().overflowed == 2);
    CHECK(under_test->trouble() == "the queue is full");
    CHECK(progress == 1);
    CHECK(under_test->wanted() == 9);
  } else {
    CHECK(under_test->wanted() == 7);
  }
  for (int i = 0; i < (dropping ? 2 : 4); ++i)
    answer(kind::delivered);
  CHECK(under_test->done_before() == 9);
  CHECK(under_test->counts().delivered == (dropping ? 6 : 8));
}

TEST_CASE_METHOD(rig, "the end waits for what is sent, for as long as it may") {
  endpoint_settings settings;
  settings.drain = 3s;
  settings.max_pending = 100;
  under_test->set(settings);
  offer(1, 'a');
  under_test->finish();
  REQUIRE(speaks->sent.size() == 1);  // it does not wait for the request to fill up
  CHECK_FALSE(under_test->finished(2));
  SECTION("an answer") {
    answer(kind::delivered);
  }
  SECTION("a backend that fails") {
    answer(kind::retry, "no route");
  }
  SECTION("the time is over") {
    pass(2900ms);
    CHECK_FALSE(under_test->finished(2));
    pass(200ms);
  }
  CHECK(under_test->finished(2));
}
