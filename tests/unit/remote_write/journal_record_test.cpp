#include "protocol/remote_write/journal_record.hpp"

#include <bit>
#include <map>
#include <random>

#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::remote_write;

TEST_CASE("a batch is read back from its record and the definitions it names") {
  telemetry::chunk_builder builder;
  builder.family(
      telemetry::intern(telemetry::metric_family{"a", telemetry::metric_type::counter, "help", "", "# HELP a help\n"}));
  builder.series("a{x=\"1\"} ");
  builder.series("a{x=\"2\"} ");
  auto block = std::make_shared<telemetry::series_block>(builder.finish(), telemetry::label_set{{"job", "j"}});
  telemetry::metrics_batch batch;
  batch.block = block;
  batch.timestamp_ms = 1'700'000'000'000;
  batch.values = {telemetry::stale_marker(), 2.5};

  std::map<definition_id, std::string> known;
  const auto needs = definitions_of(*block);
  for (const auto id : needs)
    known[id] = definition(*block, id);
  CHECK(known.size() == needs.size());
  std::string payload;
  encode_record(batch, payload);

  record_decoder decoder;
  const auto find = [&](definition_id id) -> std::string_view {
    const auto at = known.find(id);
    return at == known.end() ? std::string_view() : std::string_view(at->second);
  };
  const auto first = decoder.decode(payload, 1, find);
  REQUIRE(first);
  CHECK((*first)->timestamp_ms == batch.timestamp_ms);
  CHECK(telemetry::is_stale((*first)->values[0]));
  CHECK((*first)->values[1] == 2.5);
  CHECK((*first)->block->chunks() == block->chunks());
  CHECK((*first)->block->common() == block->common());
  CHECK((*first)->block->lane() == block->lane());
  const auto second = decoder.decode(payload, 1, find);
  REQUIRE(second);
  CHECK((*first)->block == (*second)->block);
  CHECK((*decoder.decode(payload, 2, find))->block != (*first)->block);
  known.clear();
  CHECK_FALSE(decoder.decode(payload, 3, find));
}

namespace {

telemetry::block_ref block_of(std::size_t count) {
  telemetry::chunk_builder builder;
  builder.family(telemetry::intern(telemetry::metric_family{"m", telemetry::metric_type::gauge, "", "", ""}));
  for (std::size_t i = 0; i < count; ++i)
    builder.series("m{i=\"" + std::to_string(i) + "\"} ");
  return std::make_shared<telemetry::series_block>(builder.finish(), telemetry::label_set{{"job", "j"}});
}

struct journal_of_one {
  explicit journal_of_one(const telemetry::series_block& block) {
    for (const auto id : definitions_of(block))
      known[id] = definition(block, id);
  }
  result<telemetry::metrics_ref> read(std::string_view payload) {
    return decoder.decode(payload, 1, [&](definition_id id) -> std::string_view {
      const auto at = known.find(id);
      return at == known.end() ? std::string_view() : std::string_view(at->second);
    });
  }
  std::map<definition_id, std::string> known;
  record_decoder decoder;
};

}  // namespace

TEST_CASE("random batches are read back bit by bit") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    telemetry::metrics_batch batch;
    batch.block = block_of(random() % 200);
    const std::size_t size = batch.block->size();
    batch.timestamp_ms = static_cast<std::int64_t>(random());
    batch.self_telemetry = random() % 2 == 0;
    batch.context.trace_id[3] = static_cast<std::uint8_t>(random());
    for (std::size_t i = 0; i < size; ++i) {
      const auto kind = random() % 4;
      batch.values.push_back(kind == 0   ? 0.0
                             : kind == 1 ? static_cast<double>(random() % 1000)
                                         : std::bit_cast<double>(kind == 2 ? telemetry::stale_bits : random()));
      if (seed % 3 == 0) {
        batch.own_timestamps_ms.push_back(random() % 2 == 0 ? telemetry::metrics_batch::no_timestamp
                                                            : static_cast<std::int64_t>(random()));
      }
      if (random() % 50 == 0)
        batch.exemplars.push_back({static_cast<std::uint32_t>(i), "{trace_id=\"a\"}", 0.1, batch.timestamp_ms});
    }
    std::string payload;
    encode_record(batch, payload);
    journal_of_one stored(*batch.block);
    const auto got = stored.read(payload);
    REQUIRE(got);
    const auto& back = **got;
    REQUIRE(back.timestamp_ms == batch.timestamp_ms);
    REQUIRE(back.self_telemetry == batch.self_telemetry);
    REQUIRE(back.context == batch.context);
    REQUIRE(back.values.size() == size);
    for (std::size_t i = 0; i < size; ++i)
      REQUIRE(std::bit_cast<std::uint64_t>(back.values[i]) == std::bit_cast<std::uint64_t>(batch.values[i]));
    REQUIRE(back.own_timestamps_ms == batch.own_timestamps_ms);
    REQUIRE(back.exemplars == batch.exemplars);
    REQUIRE(back.block->chunks() == batch.block->chunks());
  }
}

TEST_CASE("small whole numbers take little room") {
  telemetry::metrics_batch batch;
  batch.block = block_of(1000);
  for (int i = 0; i < 1000; ++i)
    batch.values.push_back(i % 2 == 0 ? 0 : i);
  std::string payload;
  encode_record(batch, payload);
  CHECK(payload.size() < 2200);
}

TEST_CASE("a damaged record is refused") {
  telemetry::metrics_batch batch;
  batch.block = block_of(20);
  for (int i = 0; i < 20; ++i)
    batch.values.push_back(i * 0.1);
  batch.exemplars.push_back({3, "{trace_id=\"a\"}", 0.1, 7});
  std::string payload;
  encode_record(batch, payload);
  journal_of_one stored(*batch.block);
  REQUIRE(stored.read(payload));
  for (std::size_t size = 0; size < payload.size(); ++size) {
    const auto got = stored.read(std::string_view(payload).substr(0, size));
    INFO(size);
    REQUIRE_FALSE(got);
    CHECK(got.error().message.starts_with("cannot decode a record of metrics"));
  }
  CHECK_FALSE(stored.read("\x01" + payload));
  std::mt19937 random(9);
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = payload;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto got = stored.read(damaged);
    if (got) CHECK((*got)->values.size() == 20);
  }
}

TEST_CASE("one block of a segment is one object, whatever comes between") {
  const auto a = block_of(3), b = block_of(4);
  journal_of_one stored(*a);
  for (const auto id : definitions_of(*b))
    stored.known[id] = definition(*b, id);
  const auto record = [](const telemetry::block_ref& of) {
    telemetry::metrics_batch batch;
    batch.block = of;
    batch.values.assign(of->size(), 1);
    std::string payload;
    encode_record(batch, payload);
    return payload;
  };
  const auto first = stored.read(record(a)), other = stored.read(record(b)), again = stored.read(record(a));
  REQUIRE((first && other && again));
  CHECK((*first)->block == (*again)->block);
  CHECK((*first)->block != (*other)->block);
  CHECK((*other)->block->size() == 4);
}
