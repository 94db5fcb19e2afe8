// One endpoint of loki.write: what goes into which request.

#include "actors/loki/write/push_protocol.hpp"

#include <snappy.h>

#include "actors/loki/write/write.hpp"
#include "actors/runtime/host.hpp"
#include "protocol/loki/push.pb.h"
#include "protocol/telemetry/logs.hpp"
#include "tests/catch.hpp"
#include "tests/surroundings.hpp"

using namespace troupe;
using namespace troupe::loki;

namespace {

/// A component's context without a component around it.
struct rig : testing::surroundings<> {
  runtime::component_definition kind = runtime::define<loki::write>(writing::schema());
  std::shared_ptr<runtime::host> of = std::make_shared<runtime::host>("loki.write.x", kind, shared);
  runtime::component_context context{*of, shared};
  push_metrics_pool pool{context.metrics()};
  push_protocol under_test{context, pool};
  writing::endpoint_arguments arguments;

  void update(const telemetry::label_set& external = {}, std::size_t max_streams = 0) {
    arguments.url = "http://loki.example:3100/loki/api/v1/push";
    REQUIRE(under_test.update(arguments, external, max_streams));
  }

  struct made {
    writer::prepared how;
    telemetry::logs_ref batch;
  };
  made prepare(const std::vector<std::pair<telemetry::label_set, std::string>>& entries) {
    telemetry::logs_builder builder;
    std::int64_t now = 1'700'000'000'000'000'000;
    for (const auto& [labels, line] : entries)
      builder.add(std::make_shared<const telemetry::label_set>(labels), ++now, line);
    auto batch = builder.finish();
    return {under_test.prepare(batch), batch};
  }
  logproto::PushRequest build(const made& of, std::vector<std::uint32_t> pieces, std::uint64_t* left_out = nullptr) {
    std::vector<writer::part> parts;
    for (const auto one : pieces)
      parts.push_back({of.batch.get(), of.how.how.get(), one});
    const auto body = under_test.build(parts);
    if (left_out != nullptr) *left_out = body->left_out;
    std::string message;
    REQUIRE(snappy::Uncompress(body->bytes.data(), body->bytes.size(), &message));
    logproto::PushRequest request;
    REQUIRE(request.ParseFromString(message));
    return request;
  }
};

std::vector<std::uint32_t> all_of(const rig::made& one) {
  std::vector<std::uint32_t> all;
  for (std::uint32_t i = 0; i < one.how.pieces.size(); ++i)
    all.push_back(i);
  return all;
}

}  // namespace

TEST_CASE_METHOD(rig, "streams get external labels, and what begins with __ is left out") {
  update({{"cluster", "c"}, {"job", "other"}});
  const auto one = prepare({{{{"job", "own"}, {"__path__", "/x"}}, "line"}});
  const auto request = build(one, all_of(one));
  REQUIRE(request.streams_size() == 1);
  CHECK(request.streams(0).labels() == R"({cluster="c", job="own"})");
  CHECK(one.how.pieces.size() == 1);
  CHECK(one.how.pieces[0].items == 1);
  CHECK(one.how.pieces[0].size == 4);
  CHECK(one.how.lanes == std::vector<std::uint64_t>{0});
}

TEST_CASE_METHOD(rig, "a tenant's streams go in requests of their own") {
  arguments.tenant_id = "default";
  update();
  const auto one = prepare({{{{"a", "1"}}, "x"},
                            {{{"a", "2"}, {"__tenant_id__", "t"}}, "y"},
                            {{{"a", "3"}, {"__tenant_id__", "u"}}, "z"},
                            {{{"a", "4"}, {"__tenant_id__", "default"}}, "w"}});
  REQUIRE(one.how.pieces.size() == 4);
  CHECK(one.how.pieces[0].route == 0);
  CHECK(one.how.pieces[1].route != one.how.pieces[2].route);
  CHECK(one.how.pieces[1].route != 0);
  CHECK(one.how.pieces[3].route == 0);
  const auto again = prepare({{{{"a", "5"}, {"__tenant_id__", "u"}}, "x"}});
  CHECK(again.how.pieces[0].route == one.how.pieces[2].route);
}

TEST_CASE_METHOD(rig, "a batch goes in pieces; a line that is larger than batch_size goes alone") {
  arguments.batch_size.bytes = 100;
  update();
  const std::string line(60, 'x'), large(500, 'y');
  const telemetry::label_set labels{{"a", "b"}};
  const auto one = prepare({{labels, line}, {labels, line}, {labels, large}, {labels, "s"}, {labels, "t"}});
  REQUIRE(one.how.pieces.size() == 4);
  CHECK(one.how.pieces[0].size == 60);
  CHECK(one.how.pieces[2].size == 500);
  CHECK(one.how.pieces[3].items == 2);
  const auto request = build(one, all_of(one));
  REQUIRE(request.streams_size() == 1);
  REQUIRE(request.streams(0).entries_size() == 5);
  CHECK(request.streams(0).entries(2).line() == large);
  CHECK(request.streams(0).entries(4).line() == "t");
}

TEST_CASE_METHOD(rig, "shards sort streams into lanes, once nothing of another sorting is under way") {
  std::vector<std::pair<telemetry::label_set, std::string>> entries;
  for (int i = 0; i < 100; ++i)
    entries.push_back({{{"a", std::to_string(i % 20)}}, std::to_string(i)});
  update();
  writer::delivery now({});
  REQUIRE(under_test.ready(now));
  const auto whole = prepare(entries);
  CHECK(whole.how.lanes == std::vector<std::uint64_t>{0});
  arguments.queue.min_shards = 4;
  update();
  now.offer({1, 0, 0, {{1, 1, 0, 1}}}, {});
  CHECK_FALSE(under_test.ready(now));
  REQUIRE(under_test.ready(writer::delivery({})));
  const auto sorted = prepare(entries);
  CHECK(std::is_sorted(sorted.how.lanes.begin(), sorted.how.lanes.end()));
  CHECK(sorted.how.lanes.back() < 4);
  CHECK(sorted.how.lanes.back() > sorted.how.lanes.front());
  std::map<std::string, std::uint64_t> lane_of;
  std::size_t lines = 0;
  for (const auto piece : all_of(sorted)) {
    const auto request = build(sorted, {piece});
    for (const auto& stream : request.streams()) {
      lines += static_cast<std::size_t>(stream.entries_size());
      CHECK(lane_of.emplace(stream.labels(), sorted.how.lanes[piece]).first->second == sorted.how.lanes[piece]);
    }
  }
  CHECK(lines == 100);
  CHECK(lane_of.size() == 20);
  CHECK(settings_of(arguments, {}).delivery.max_in_flight == 4);
}

TEST_CASE("how long the end waits is the journal's matter where that is switched on") {
  writing::endpoint_arguments arguments;
  writing::wal_config wal;
  arguments.queue.drain_timeout = std::chrono::seconds(7);
  wal.drain_timeout = std::chrono::seconds(9);
  CHECK(settings_of(arguments, wal).drain == std::chrono::seconds(7));
  wal.enabled = true;
  CHECK(settings_of(arguments, wal).drain == std::chrono::seconds(9));
  CHECK_FALSE(settings_of(arguments, wal).drop_on_overflow);
  arguments.queue.block_on_overflow = false;
  CHECK(settings_of(arguments, wal).drop_on_overflow);
}

TEST_CASE_METHOD(rig, "beyond max_streams entries are left out and counted") {
  update({}, 2);
  const auto one = prepare({{{{"a", "1"}}, "x"}, {{{"a", "2"}}, "y"}, {{{"a", "3"}}, "z"}, {{{"a", "3"}}, "w"}});
  std::uint64_t left_out = 0;
  const auto request = build(one, all_of(one), &left_out);
  CHECK(request.streams_size() == 2);
  CHECK(left_out == 2);
}

TEST_CASE("why Loki drops what it drops") {
  CHECK(reason_of(429, "Ingestion rate limit exceeded for user") == drop_reason::rate_limited);
  CHECK(reason_of(429, "Maximum active stream limit exceeded, reduce the number of active streams") ==
        drop_reason::stream_limited);
  CHECK(reason_of(400, "Max entry size '262144' bytes exceeded for stream") == drop_reason::line_too_long);
  CHECK(reason_of(400, "entry too far behind") == drop_reason::ingester_error);
  CHECK(reason_of(0, "connection refused") == drop_reason::ingester_error);
}
