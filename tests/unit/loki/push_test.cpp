#include "protocol/loki/push.hpp"

#include <snappy.h>

#include "protocol/loki/push.pb.h"
#include "protocol/loki/stream_labels.hpp"
#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::loki;

namespace {

const std::string sign = "\xef\xbf\xbd";

telemetry::logs_ref batch_of(const std::vector<std::pair<std::int64_t, std::string>>& entries,
                             std::vector<telemetry::label_view> metadata = {}) {
  telemetry::logs_builder builder;
  const auto labels = std::make_shared<const telemetry::label_set>(telemetry::label_set{{"a", "b"}});
  for (const auto& [time, line] : entries)
    builder.add(labels, time, line, metadata);
  return builder.finish();
}

logproto::PushRequest read(push_builder& from) {
  const auto body = from.finish();
  std::string message;
  REQUIRE(snappy::Uncompress(body.data(), body.size(), &message));
  logproto::PushRequest request;
  REQUIRE(request.ParseFromString(message));
  return request;
}

}  // namespace

TEST_CASE("the selector of a stream") {
  CHECK(stream_labels({}, {}) == "{}");
  CHECK(stream_labels({{"b", "2"}, {"a", "1"}}, {}) == R"({a="1", b="2"})");
  CHECK(stream_labels({{"__tenant_id__", "t"}, {"__x", "y"}, {"a", "1"}}, {{"__z", "w"}}) == R"({a="1"})");
  CHECK(stream_labels({{"b", "own"}}, {{"a", "first"}, {"b", "other"}, {"c", "last"}}) ==
        R"({a="first", b="own", c="last"})");
  CHECK(stream_labels({{"a", "\"q\"\\\n\t\a\x01\x7f é"}}, {}) == R"({a="\"q\"\\\n\t\a\x01\x7f é"})");
  CHECK(stream_labels({{"a", "x\xffy"}}, {}) == "{a=\"x" + sign + "y\"}");
}

TEST_CASE("entries of one stream stay in order, also over several batches") {
  push_builder builder;
  const auto first = batch_of({{1'500'000'001, "one"}, {1'500'000'002, "two"}});
  const auto second = batch_of({{7, "three"}});
  builder.add("{a=\"b\"}", first->at(0));
  builder.add("{c=\"d\"}", second->at(0));
  builder.add("{a=\"b\"}", first->at(1));
  builder.add("{a=\"b\"}", second->at(0));
  CHECK(builder.streams() == 2);
  CHECK(builder.entries() == 4);
  const auto request = read(builder);
  REQUIRE(request.streams_size() == 2);
  CHECK(request.streams(0).labels() == "{a=\"b\"}");
  REQUIRE(request.streams(0).entries_size() == 3);
  CHECK(request.streams(0).entries(0).line() == "one");
  CHECK(request.streams(0).entries(0).timestamp().seconds() == 1);
  CHECK(request.streams(0).entries(0).timestamp().nanos() == 500'000'001);
  CHECK(request.streams(0).entries(1).line() == "two");
  CHECK(request.streams(0).entries(2).line() == "three");
  CHECK(request.streams(1).labels() == "{c=\"d\"}");
  CHECK(request.streams(1).entries_size() == 1);
  CHECK(builder.entries() == 0);
  CHECK(read(builder).streams_size() == 0);
}

TEST_CASE("any time, any line") {
  push_builder builder;
  const std::string long_line(10'000'000, 'x');
  const auto batch = batch_of({{0, ""}, {-1, "before 1970"}, {1, std::string("\0\n\xff", 3)}, {2, long_line}},
                              {{"trace_id", "abc"}, {"bad\xff", "value\xfe"}});
  for (std::size_t i = 0; i < batch->items(); ++i)
    builder.add("{a=\"b\"}", batch->at(i));
  const auto request = read(builder);
  const auto& entries = request.streams(0).entries();
  REQUIRE(entries.size() == 4);
  CHECK(entries[0].line().empty());
  CHECK(entries[0].timestamp().seconds() == 0);
  CHECK(entries[1].timestamp().seconds() == -1);
  CHECK(entries[1].timestamp().nanos() == 999'999'999);
  CHECK(entries[2].line() == std::string("\0\n", 2) + sign);
  CHECK(entries[3].line() == long_line);
  REQUIRE(entries[0].structured_metadata_size() == 2);
  CHECK(entries[0].structured_metadata(0).name() == "trace_id");
  CHECK(entries[0].structured_metadata(0).value() == "abc");
  CHECK(entries[0].structured_metadata(1).name() == "bad" + sign);
  CHECK(entries[0].structured_metadata(1).value() == "value" + sign);
  CHECK(size_of(batch->at(1)) == 11 + 8 + 3 + 4 + 6);
}
