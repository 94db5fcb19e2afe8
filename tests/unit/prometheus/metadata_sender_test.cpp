// The sender of types and help texts, with a backend that answers as the test says.

#include "actors/prometheus/remote_write/metadata_sender.hpp"

#include <deque>

#include "protocol/remote_write/decode.hpp"
#include "tests/unit/prometheus/component_rig.hpp"

using namespace troupe;
using namespace troupe::prometheus;
using namespace std::chrono_literals;

namespace {

struct nothing {
  friend bool operator==(const nothing&, const nothing&) = default;
};

/// A component that is nothing but the context of a sender.
struct bystander final : runtime::component {
  using arguments_type = nothing;
  bystander(runtime::component_context& context, std::shared_ptr<const nothing>) { last = &context; }
  result<void> update(const runtime::arguments_ref&) override { return {}; }
  static inline runtime::component_context* last = nullptr;
};

const config::component_schema& nothing_schema() {
  static const auto schema = config::describe<nothing>("test", config::stability::generally_available, "");
  return schema;
}

struct rig : testing::component_rig<bystander> {
  struct request {
    http::request what;
    std::function<void(http::response&&)> done;
  };
  std::deque<request> requests;
  std::shared_ptr<testing::told_events> told = std::make_shared<testing::told_events>();
  remote_writing::endpoint_arguments arguments;
  std::shared_ptr<encoder> from = std::make_shared<encoder>(telemetry::label_set{}, relabel::rules(), 100);
  std::vector<telemetry::batch_ref> batches;
  std::unique_ptr<metadata_sender> under_test;

  rig() : component_rig(nothing_schema()) {
    start(std::make_shared<const nothing>());
    world.events.subscribe(told);
    told->seen.clear();
    arguments.url = "http://backend/write";
    arguments.queue.min_backoff = 1s;
    arguments.queue.max_backoff = 3s;
    under_test = std::make_unique<metadata_sender>(
        *bystander::last, "name", [this](http::request what, std::function<void(http::response &&)> done) {
          requests.push_back({std::move(what), std::move(done)});
        });
    add("requests_total", "Requests.");
  }
  ~rig() {
    under_test.reset();
    world.events.unsubscribe(*told);
  }

  /// A family whose samples are sent.
  void add(const std::string& name, const std::string& help) {
    auto batch = testing::batch_of({name + " "}, {name, telemetry::metric_type::counter, help, "", ""});
    (void)from->encode(batch->block);
    batches.push_back(std::move(batch));
  }
  void update() { under_test->update(arguments, from); }
  void answer(int status, const std::string& headers = "") {
    REQUIRE_FALSE(requests.empty());
    const auto next = std::move(requests.front());
    requests.pop_front();
    http::response with;
    with.status = status;
    with.header_lines = headers;
    next.done(std::move(with));
    run_posted();
  }
  double counted(const std::string& what, const std::string& url = "http://backend/write") const {
    return world.metric("prometheus_remote_storage_metadata_" + what, "remote_name=\"name\",url=\"" + url + "\"")
        .value_or(-1);
  }
};

}  // namespace

TEST_CASE_METHOD(rig, "each interval tells the types and help texts of what is sent") {
  add("temperature", "Of the room.");
  update();
  CHECK(requests.empty());
  pass(10s);
  REQUIRE(requests.size() == 1);
  const auto size = static_cast<double>(requests.front().what.body->size());
  const auto message = remote_write::decode_request(*requests.front().what.body);
  REQUIRE(message);
  REQUIRE(message->metadata.size() == 2);
  CHECK(message->metadata[1].name == "temperature");
  CHECK(message->metadata[1].help == "Of the room.");
  answer(204);
  CHECK(counted("total") == 2);
  CHECK(counted("bytes_total") == size);
  CHECK(counted("failed_total") == 0);
  CHECK(counted("retried_total") == 0);
  pass(59s);
  CHECK(requests.empty());
  pass(1s);
  CHECK(requests.size() == 1);
  CHECK(told->seen.empty());
}

TEST_CASE_METHOD(rig, "after 503 it is tried again as the queue says, and an outage is told once") {
  update();
  pass(10s);
  answer(503);
  CHECK(told->seen == std::vector<std::string>{"warn batch_retried"});
  for (const auto pause : {1s, 2s, 3s, 3s}) {
    pass(pause - 1ms);
    CHECK(requests.empty());
    pass(1ms);
    REQUIRE(requests.size() == 1);
    answer(503);
  }
  CHECK(counted("retried_total") == 4);
  CHECK(counted("total") == 0);
  pass(3s);
  const auto& headers = requests.at(0).what.headers;
  CHECK(std::find(headers.begin(), headers.end(), std::pair<std::string, std::string>("Retry-Attempt", "5")) !=
        headers.end());
  answer(200);
  CHECK(counted("total") == 1);
  CHECK(counted("retried_total") == 5);
  CHECK(counted("failed_total") == 0);
  CHECK(told->seen == std::vector<std::string>{"warn batch_retried", "info endpoint_recovered"});
}

TEST_CASE_METHOD(rig, "429 waits as long as the backend asks for") {
  update();
  pass(10s);
  answer(429, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\n\r\n");
  pass(6999ms);
  CHECK(requests.empty());
  pass(1ms);
  REQUIRE(requests.size() == 1);
  answer(200);
  CHECK(counted("total") == 1);
}

TEST_CASE_METHOD(rig, "429 is final where it is not to be retried") {
  arguments.queue.retry_on_http_429 = false;
  update();
  pass(10s);
  answer(429, "Retry-After: 7\r\n");
  pass(20s);
  CHECK(requests.empty());
  CHECK(counted("failed_total") == 1);
}

TEST_CASE_METHOD(rig, "what is refused is dropped and counted, the rest of the round goes on") {
  add("temperature", "Of the room.");
  add("voltage", "Of the socket.");
  arguments.metadata.max_samples_per_send = 2;
  update();
  pass(10s);
  answer(400);
  CHECK(counted("failed_total") == 2);
  CHECK(told->seen == std::vector<std::string>{"error batch_dropped"});
  REQUIRE(requests.size() == 1);
  answer(200);
  CHECK(counted("total") == 1);
  CHECK(counted("failed_total") == 2);
  CHECK(counted("retried_total") == 0);
  CHECK(requests.empty());
  CHECK(told->seen.size() == 1);
}

TEST_CASE_METHOD(rig, "no round begins while another is not over") {
  arguments.metadata.send_interval = 10s;
  update();
  pass(10s);
  pass(10s);
  CHECK(requests.size() == 1);
  for (int i = 0; i < 20; ++i) {
    answer(503);
    pass(3s);
    REQUIRE(requests.size() == 1);
  }
  answer(200);
  CHECK(counted("total") == 1);
  pass(10s);
  CHECK(requests.size() == 1);
}

TEST_CASE_METHOD(rig, "while the samples fail nobody need be told of the metadata") {
  update();
  under_test->samples_fail(true);
  pass(10s);
  answer(503);
  pass(1s);
  answer(200);
  CHECK(told->seen.empty());
  CHECK(counted("retried_total") == 1);
}

TEST_CASE_METHOD(rig, "an answer that comes when the sender is gone changes nothing") {
  update();
  pass(10s);
  const auto late = std::move(requests.front());
  requests.clear();
  under_test.reset();
  CHECK(counted("total") == -1);
  http::response with;
  with.status = 200;
  late.done(std::move(with));
  run_posted();
  CHECK(counted("total") == -1);
}

TEST_CASE_METHOD(rig, "an answer that comes when the whole component is gone changes nothing") {
  update();
  pass(10s);
  const auto late = std::move(requests.front());
  requests.clear();
  under_test.reset();
  of->stop("end");
  http::response with;
  with.status = 503;
  late.done(std::move(with));
  run_posted();
  CHECK(told->seen == std::vector<std::string>{"debug stopped"});
}

TEST_CASE_METHOD(rig, "with another address what was under way is forgotten, and so is what was counted") {
  update();
  pass(10s);
  answer(503);
  pass(1s);
  CHECK(requests.size() == 1);
  arguments.url = "http://user:password@other/write";
  update();
  answer(200);
  CHECK(counted("total") == -1);
  CHECK(counted("total", "http://other/write") == 0);
  pass(59s);
  REQUIRE(requests.size() == 1);
  CHECK(requests.front().what.url == arguments.url);
}

TEST_CASE_METHOD(rig, "with another password the series are the same ones") {
  arguments.url = "http://user:old@backend/write";
  update();
  arguments.url = "http://user:new@backend/write";
  update();
  pass(10s);
  answer(200);
  CHECK(counted("total", "http://backend/write") == 1);
}

TEST_CASE_METHOD(rig, "an update that changes nothing of it does not put off the next round") {
  update();
  for (int i = 0; i < 10; ++i) {
    pass(1s);
    update();
  }
  CHECK(requests.size() == 1);
  arguments.metadata.send = false;
  update();
  answer(503);
  pass(2min);
  CHECK(requests.empty());
}
