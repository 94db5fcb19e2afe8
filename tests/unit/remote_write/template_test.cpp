#include "protocol/remote_write/template.hpp"

#include <snappy.h>

#include <bit>
#include <random>

#include "protocol/remote_write/decode.hpp"
#include "protocol/remote_write/request.hpp"
#include "protocol/telemetry/series_text.hpp"
#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::remote_write;
using telemetry::metrics_batch;

namespace {

telemetry::block_ref block_of(const std::vector<std::string>& lines,
                              telemetry::label_set common = {{"instance", "host-1:9100"}, {"job", "node"}}) {
  telemetry::chunk_builder builder;
  builder.family(telemetry::intern(telemetry::metric_family{"f", telemetry::metric_type::gauge, "", "", ""}));
  for (const auto& line : lines)
    builder.series(line + " ");
  return std::make_shared<telemetry::series_block>(builder.finish(), std::move(common));
}

metrics_batch batch_of(telemetry::block_ref block, std::int64_t at = 1'700'000'000'123) {
  metrics_batch batch;
  batch.timestamp_ms = at;
  for (std::size_t i = 0; i < block->size(); ++i)
    batch.values.push_back(static_cast<double>(i) + 0.5);
  batch.block = std::move(block);
  return batch;
}

/// What a receiver reads of the whole batch, sent in one message.
write_request sent(const block_template& steady, const metrics_batch& batch, bool exemplars = true) {
  request_builder request;
  for (std::size_t i = 0; i < steady.pieces().size(); ++i)
    request.add(steady, i, batch, exemplars);
  const auto body = request.finish();
  std::string raw;
  REQUIRE(snappy::Uncompress(body.data(), body.size(), &raw));
  auto decoded = decode_request(body);
  REQUIRE(decoded);
  return std::move(*decoded);
}

void check_equal(const write_request& got, const metrics_batch& batch) {
  REQUIRE(got.series.size() == batch.values.size());
  batch.block->for_each([&](std::size_t i, const telemetry::label_buffer& labels, const auto&) {
    REQUIRE(got.series[i].labels == labels.to_set());
    REQUIRE(got.series[i].samples.size() == 1);
    REQUIRE(std::bit_cast<std::uint64_t>(got.series[i].samples[0].value) ==
            std::bit_cast<std::uint64_t>(batch.values[i]));
    REQUIRE(got.series[i].samples[0].timestamp_ms == batch.timestamp_of(i));
  });
}

std::vector<std::string> node_page(std::size_t count) {
  std::vector<std::string> lines;
  const char* modes[] = {"idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"};
  for (std::size_t i = 0; i < count; ++i) {
    lines.push_back("node_cpu_seconds_total{cpu=\"" + std::to_string(i / 8) + "\",mode=\"" + modes[i % 8] + "\"}");
  }
  return lines;
}

}  // namespace

TEST_CASE("what a template sends is what the batch says") {
  const auto block = block_of(node_page(500));
  const block_template steady(block, {}, 256);
  CHECK(steady.pieces().size() == 2);
  auto batch = batch_of(block);
  batch.values[3] = telemetry::stale_marker();
  batch.values[4] = telemetry::normal_nan();
  batch.values[5] = -0.0;
  check_equal(sent(steady, batch), batch);
  batch.timestamp_ms += 15'000;
  batch.values[7] = 1e300;
  check_equal(sent(steady, batch), batch);
}

TEST_CASE("a steady series costs little on the wire and in memory") {
  const auto block = block_of(node_page(880));
  const block_template steady(block, {}, 2000);
  request_builder request;
  const auto batch = batch_of(block);
  for (std::size_t i = 0; i < steady.pieces().size(); ++i)
    request.add(steady, i, batch, true);
  CHECK(request.finish().size() < 32 * block->size());
  CHECK(steady.bytes() < 36 * block->size());
}

TEST_CASE("random series of all sizes come out as they went in") {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> lines;
    const auto count = 1 + random() % 40;
    for (std::size_t i = 0; i < count; ++i) {
      std::string value;
      const std::size_t length = random() % 10 == 0 ? random() % 3000 : random() % 20;
      for (std::size_t c = 0; c < length; ++c)
        value += static_cast<char>('a' + random() % 3);
      lines.push_back("m" + std::to_string(random() % 3) + "{i=\"" + std::to_string(i) + "\",v=\"" + value + "\"}");
    }
    const auto block = block_of(lines);
    const block_template steady(block, {}, 1 + random() % 30);
    check_equal(sent(steady, batch_of(block)), batch_of(block));
  }
}

TEST_CASE("label values of 64 KiB and more") {
  std::vector<std::string> lines;
  for (const std::size_t size : {100u, 65'000u, 70'000u, 10u, 200'000u, 20u})
    lines.push_back("m{v=\"" + std::string(size, 'x') + std::to_string(size) + "\"}");
  const auto block = block_of(lines);
  const block_template steady(block, {}, 100);
  check_equal(sent(steady, batch_of(block)), batch_of(block));
}

TEST_CASE("an empty block sends nothing") {
  const auto block =
      std::make_shared<telemetry::series_block>(std::vector<telemetry::chunk_ref>{}, telemetry::label_set{});
  const block_template steady(block, {}, 100);
  CHECK(steady.pieces().empty());
}

TEST_CASE("columns choose whose value a series gets") {
  const auto block = block_of({"a", "b"});
  const block_template steady(block, {1, 3}, 100);
  metrics_batch batch;
  batch.timestamp_ms = 1'700'000'000'000;
  batch.values = {10, 11, 12, 13};
  const auto got = sent(steady, batch);
  CHECK(got.series[0].samples[0].value == 11);
  CHECK(got.series[1].samples[0].value == 13);
}

TEST_CASE("any timestamp can be sent") {
  const auto block = block_of(node_page(20));
  const block_template steady(block, {}, 8);
  for (const std::int64_t at : {std::int64_t{-1}, std::int64_t{0}, (std::int64_t{1} << 35) - 1, std::int64_t{1} << 35,
                                (std::int64_t{1} << 42) - 1, std::int64_t{1} << 42, std::int64_t{-1'700'000'000'000}}) {
    const auto batch = batch_of(block, at);
    check_equal(sent(steady, batch), batch);
  }
  auto batch = batch_of(block);
  batch.own_timestamps_ms.assign(20, metrics_batch::no_timestamp);
  batch.own_timestamps_ms[5] = 12345;
  check_equal(sent(steady, batch), batch);
}

TEST_CASE("exemplars go with their series, or not at all") {
  const auto block = block_of(node_page(20));
  const block_template steady(block, {}, 8);
  auto batch = batch_of(block);
  batch.exemplars.push_back({9, "{trace_id=\"abc\"}", 0.25, 1'700'000'000'000});
  auto got = sent(steady, batch);
  check_equal(got, batch);
  REQUIRE(got.series[9].exemplars.size() == 1);
  CHECK(got.series[9].exemplars[0].labels == telemetry::label_set{{"trace_id", "abc"}});
  CHECK(got.series[9].exemplars[0].value == 0.25);
  CHECK(got.series[9].exemplars[0].timestamp_ms == 1'700'000'000'000);
  CHECK(got.series[8].exemplars.empty());
  CHECK(sent(steady, batch, false).series[9].exemplars.empty());
}

TEST_CASE("metadata") {
  const telemetry::metric_family a{"a_total", telemetry::metric_type::counter, "What it \"is\".", "", ""};
  const telemetry::metric_family b{"b", telemetry::metric_type::histogram, "", "seconds", ""};
  const auto got = decode_request(encode_metadata({&a, &b}));
  REQUIRE(got);
  REQUIRE(got->metadata.size() == 2);
  CHECK(got->metadata[0].name == "a_total");
  CHECK(got->metadata[0].type == 1);
  CHECK(got->metadata[0].help == "What it \"is\".");
  CHECK(got->metadata[1].type == 3);
  CHECK(got->metadata[1].unit == "seconds");
}

TEST_CASE("messages that are none are refused with a reason") {
  CHECK_FALSE(decode_request("no snappy"));
  std::string packed;
  const std::string raw = "\x0a\x7f";
  snappy::Compress(raw.data(), raw.size(), &packed);
  CHECK_FALSE(decode_request(packed));
  const std::string zeros(1 << 20, '\0');
  snappy::Compress(zeros.data(), zeros.size(), &packed);
  const auto large = decode_request(packed, {1000, 10});
  REQUIRE_FALSE(large);
  CHECK(large.error().message.find("limit") != std::string::npos);
}
