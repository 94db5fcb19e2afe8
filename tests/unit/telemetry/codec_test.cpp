#include "protocol/telemetry/codec.hpp"

#include <bit>
#include <cstring>
#include <limits>
#include <random>
#include <string>

#include "tests/catch.hpp"

using namespace troupe::telemetry;

namespace {

chunk_ref some_chunk() {
  chunk_builder builder;
  metric_family family;
  family.name = "requests";
  family.type = metric_type::counter;
  family.help = "how many";
  family.unit = "s";
  family.page_text = "# HELP requests how many\n";
  builder.family(intern(family));
  builder.series("requests_total{a=\"b\"} ");
  builder.series("requests_total{a=\"\xc3\xa4\"} ");
  family.name = "other";
  builder.family(intern(family));
  builder.series("other ");
  return builder.finish().at(0);
}

std::shared_ptr<series_block> some_block() {
  auto block = std::make_shared<series_block>(std::vector<chunk_ref>{some_chunk()},
                                              label_set{{"instance", "i"}, {"job", "j"}}, label_conflict::keep_exposed);
  block->set_lane(0xfedcba9876543210);
  return block;
}

metrics_batch some_batch(const block_ref& block) {
  metrics_batch batch;
  batch.block = block;
  batch.timestamp_ms = -5;
  batch.values = {stale_marker(), normal_nan(), -0.0};
  batch.own_timestamps_ms = {metrics_batch::no_timestamp, 1, std::numeric_limits<std::int64_t>::max()};
  batch.exemplars = {{1, "{trace_id=\"x\"}", 2.5, 99}, {2, "{}", 1, metrics_batch::no_timestamp}};
  batch.context.trace_id[3] = 7;
  batch.context.span_id[7] = 9;
  batch.context.sampled = true;
  batch.self_telemetry = true;
  return batch;
}

/// Every prefix is rejected, one byte more as well, and no changed byte crashes.
template <class Decode>
void check_damage(const std::string& bytes, Decode decode) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    INFO("the first " << size << " of " << bytes.size());
    CHECK_FALSE(decode(std::string(bytes, 0, size)));
  }
  CHECK_FALSE(decode(bytes + '\0'));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const char change : {'\x01', '\x80', '\xff'}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ change);
      (void)decode(changed);
    }
  }
}

}  // namespace

TEST_CASE("a chunk that was encoded is the same object after decoding") {
  const chunk_ref chunk = some_chunk();
  std::string bytes;
  encode_chunk(*chunk, bytes);
  const auto decoded = decode_chunk(bytes);
  REQUIRE(decoded);
  CHECK(*decoded == chunk);
  check_damage(bytes, [](const std::string& damaged) { return decode_chunk(damaged).has_value(); });
}

TEST_CASE("a chunk whose text is no series is rejected") {
  const series_chunk bad("}{ ", {3}, {{0, intern(metric_family{})}});
  std::string bytes;
  encode_chunk(bad, bytes);
  const auto decoded = decode_chunk(bytes);
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().message.find("series 0: expected a metric name") != std::string::npos);
}

TEST_CASE("a block comes back with its chunks, labels and lane") {
  const auto block = some_block();
  const auto chunk_of = [&](std::uint64_t id) {
    return id == block->chunks()[0]->hash() ? block->chunks()[0] : nullptr;
  };
  std::string bytes;
  encode_block(*block, bytes);
  const auto decoded = decode_block(bytes, chunk_of);
  REQUIRE(decoded);
  CHECK((*decoded)->chunks() == block->chunks());
  CHECK((*decoded)->common() == block->common());
  CHECK((*decoded)->conflict() == block->conflict());
  CHECK((*decoded)->lane() == block->lane());
  CHECK((*decoded)->id() != block->id());
  check_damage(bytes, [&](const std::string& damaged) { return decode_block(damaged, chunk_of).has_value(); });
  const auto unknown = decode_block(bytes, [](std::uint64_t) { return chunk_ref(); });
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message.find("unknown chunk") != std::string::npos);
}

TEST_CASE("a batch comes back bit by bit") {
  const auto block = some_block();
  const auto block_of = [&](std::uint64_t id) { return id == 42 ? block_ref(block) : nullptr; };
  const metrics_batch batch = some_batch(block);
  std::string bytes;
  encode_metrics(batch, 42, bytes);
  const auto decoded = decode_metrics(bytes, block_of);
  REQUIRE(decoded);
  const metrics_batch& read = **decoded;
  REQUIRE(read.values.size() == batch.values.size());
  CHECK(std::memcmp(read.values.data(), batch.values.data(), batch.values.size() * sizeof(double)) == 0);
  CHECK(read.block == batch.block);
  CHECK(read.timestamp_ms == batch.timestamp_ms);
  CHECK(read.own_timestamps_ms == batch.own_timestamps_ms);
  CHECK(read.exemplars == batch.exemplars);
  CHECK(read.context == batch.context);
  CHECK(read.self_telemetry);
  CHECK(read.timestamp_of(0) == -5);
  CHECK(read.timestamp_of(1) == 1);
  check_damage(bytes, [&](const std::string& damaged) { return decode_metrics(damaged, block_of).has_value(); });
  CHECK_FALSE(decode_metrics(bytes, [](std::uint64_t) { return block_ref(); }));
}

TEST_CASE("any bits of a value survive") {
  std::mt19937_64 random(1);
  const auto block = some_block();
  for (int i = 0; i < 1000; ++i) {
    metrics_batch batch;
    batch.block = block;
    for (int k = 0; k < 3; ++k)
      batch.values.push_back(std::bit_cast<double>(random()));
    std::string bytes;
    encode_metrics(batch, 1, bytes);
    const auto decoded = decode_metrics(bytes, [&](std::uint64_t) { return block_ref(block); });
    REQUIRE(decoded);
    REQUIRE(std::memcmp((*decoded)->values.data(), batch.values.data(), 3 * sizeof(double)) == 0);
  }
}

TEST_CASE("counts that promise more than there is allocate nothing") {
  const std::string huge = "\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
  CHECK_FALSE(decode_chunk("\x01" + huge));
  CHECK_FALSE(decode_chunk(std::string("\x01\x01") + huge + "x"));
  CHECK_FALSE(decode_block("\x01" + std::string(9, '\0') + huge, [](std::uint64_t) { return chunk_ref(); }));
}
