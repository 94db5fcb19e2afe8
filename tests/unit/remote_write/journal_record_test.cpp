#include "protocol/remote_write/journal_record.hpp"

#include <bit>
#include <map>

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
