#include "protocol/remote_write/template.hpp"

#include <snappy.h>

#include <bit>
#include <random>

#include "protocol/remote_write/decode.hpp"
#include "protocol/remote_write/request.hpp"
#include "protocol/remote_write/wire.hpp"
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

void put(std::string& out, char tag, std::string_view text) {
  out += tag;
  put_varint(text.size(), out);
  out += text;
}

/// The message without compression, as the specification says it, field by field.
std::string plainly(const telemetry::series_block& block, const metrics_batch& batch,
                    const std::vector<std::uint32_t>& columns) {
  std::string message;
  block.for_each([&](std::size_t i, const telemetry::label_buffer& labels, const auto&) {
    const std::size_t in = columns.empty() ? i : columns[i];
    std::string series, sample;
    for (const auto& [name, value] : labels.to_set()) {
      std::string label;
      put(label, 0x0a, name);
      put(label, 0x12, value);
      put(series, 0x0a, label);
    }
    sample += 0x09;
    for (unsigned shift = 0; shift < 64; shift += 8)
      sample += static_cast<char>(std::bit_cast<std::uint64_t>(batch.values[in]) >> shift);
    sample += 0x10;
    put_varint(static_cast<std::uint64_t>(batch.timestamp_of(in)), sample);
    put(series, 0x12, sample);
    put(message, 0x0a, series);
  });
  return message;
}

std::string uncompressed(const std::string& body) {
  std::string raw;
  REQUIRE(snappy::Uncompress(body.data(), body.size(), &raw));
  return raw;
}

/// How many bytes the elements stand for; 0: one is malformed, reaches back beyond their beginning, or overlaps what it
/// makes.
std::size_t length_of_elements(std::string_view elements) {
  std::size_t made = 0;
  const auto number = [&](std::size_t at, std::size_t bytes) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < bytes; ++i)
      n |= static_cast<std::size_t>(static_cast<unsigned char>(elements[at + i])) << (8 * i);
    return n;
  };
  while (!elements.empty()) {
    const auto tag = static_cast<unsigned char>(elements[0]);
    if ((tag & 3) == 0) {
      const std::size_t more = tag >> 2 < 60 ? 0 : (tag >> 2) - 59;
      const std::size_t length = 1 + (more == 0 ? tag >> 2 : number(1, more));
      if (1 + more + length > elements.size()) return 0;
      elements.remove_prefix(1 + more + length);
      made += length;
    } else {
      if ((tag & 3) == 3) return 0;
      const bool near = (tag & 3) == 1;
      const std::size_t length = near ? 4 + (tag >> 2 & 7) : 1 + (tag >> 2);
      const std::size_t offset = near ? (tag >> 5 << 8) + number(1, 1) : number(1, 2);
      if (offset > made || length > offset) return 0;
      elements.remove_prefix(near ? 2 : 3);
      made += length;
    }
  }
  return made;
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

namespace {

/// Lengths at which varints, literals, copies and pieces change their form, and those between.
std::size_t some_length(std::mt19937_64& random) {
  static constexpr std::size_t edges[] = {59, 60, 61, 64, 65, 127, 128, 255, 256, 257, 2047, 2048, 4000};
  static constexpr std::size_t far[] = {16'383, 16'384, 59'900, 60'000, 65'535, 65'536, 70'000};
  const auto kind = random() % 1000;
  if (kind < 3) return far[random() % std::size(far)];
  return kind < 100 ? edges[random() % std::size(edges)] - random() % 3 : random() % 24;
}

std::string some_line(std::mt19937_64& random, std::size_t number) {
  static constexpr const char* names[] = {"a", "le", "mode", "device", "some_longer_label_name"};
  std::string line = "metric_" + std::to_string(random() % 4) + "{i=\"" + std::to_string(number) + "\"";
  const std::size_t letters = 1 + random() % 3;  // few: long matches
  for (const char* name : names) {
    if (random() % 2 == 0) continue;
    line += std::string(",") + name + "=\"";
    for (std::size_t left = some_length(random); left > 0; --left)
      line += static_cast<char>('a' + random() % letters);
    line += "\"";
  }
  return line + "}";
}

std::int64_t some_time(std::mt19937_64& random) {
  static constexpr std::int64_t edges[] = {0,         1,
                                           -1,        127,
                                           128,       (1LL << 35) - 1,
                                           1LL << 35, (1LL << 42) - 1,
                                           1LL << 42, -1'700'000'000'000,
                                           INT64_MAX, INT64_MIN + 1};
  return edges[random() % std::size(edges)];
}

/// Every value is any 64 bits; times are the batch's, near it, or anything.
metrics_batch some_batch(std::mt19937_64& random, telemetry::block_ref block) {
  metrics_batch batch;
  batch.timestamp_ms = random() % 8 == 0 ? some_time(random) : 1'700'000'000'000 + static_cast<int>(random() % 1000);
  const auto times = random() % 3;  // none, near ones, anything
  for (std::size_t i = 0; i < block->size(); ++i) {
    batch.values.push_back(std::bit_cast<double>(random() % 4 == 0 ? telemetry::stale_bits : random()));
    if (times == 0) continue;
    std::int64_t time = metrics_batch::no_timestamp;
    if (random() % 2 == 0) time = batch.timestamp_ms / 2 * 2 + static_cast<int>(random() % 2);
    if (times == 2 && random() % 20 == 0) time = some_time(random);
    batch.own_timestamps_ms.push_back(time);
  }
  batch.block = std::move(block);
  return batch;
}

}  // namespace

TEST_CASE("random series, values and times go over the wire byte for byte") {
  std::size_t ways[3] = {};
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    std::vector<std::string> lines, kept;
    std::vector<std::uint32_t> columns;
    const std::size_t count = 1 + random() % 40;
    const bool all = random() % 2 == 0;
    for (std::size_t i = 0; i < count; ++i) {
      lines.push_back(some_line(random, i));
      if (!all && random() % 3 == 0) continue;
      kept.push_back(lines.back());
      columns.push_back(static_cast<std::uint32_t>(i));
    }
    if (all) columns.clear();
    const auto batch = some_batch(random, block_of(lines));
    const auto block = block_of(kept);
    const std::size_t most = 1 + random() % 30;
    const block_template steady(block, columns, most);
    request_builder request;
    std::size_t raw_bytes = 0, series = 0;
    for (std::size_t i = 0; i < steady.pieces().size(); ++i) {
      const auto& piece = steady.pieces()[i];
      REQUIRE(piece.first == series);
      REQUIRE((piece.count > 0 && piece.count <= most));
      series += piece.count;
      raw_bytes += piece.raw_bytes;
      const auto way = steady.way_of(i, batch, true);
      ++ways[static_cast<std::size_t>(way)];
      std::string out;
      if (way == block_template::way::one_time) steady.append(i, batch, out);
      if (way == block_template::way::own_times) steady.append_own_times(i, batch, out);
      if (way != block_template::way::slow) REQUIRE(length_of_elements(out) == piece.raw_bytes);
      request.add(steady, i, batch, true);
    }
    REQUIRE(series == kept.size());
    REQUIRE(request.samples() == kept.size());
    const auto raw = uncompressed(request.finish());
    REQUIRE(raw == plainly(*block, batch, columns));
    if (batch.own_timestamps_ms.empty() && time_has_six_bytes(batch.timestamp_ms)) REQUIRE(raw_bytes == raw.size());
  }
  for (const auto times : ways)
    CHECK(times > 100);
}

TEST_CASE("pieces stand anywhere in a message, and more than once") {
  const auto block = block_of(node_page(100));
  const block_template steady(block, {}, 16);
  const auto batch = batch_of(block);
  std::mt19937 random(5);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < 50; ++i)
    order.push_back(random() % steady.pieces().size());
  request_builder request;
  for (const auto i : order)
    request.add(steady, i, batch, true);
  const auto got = decode_request(request.finish());
  REQUIRE(got);
  auto series = got->series.begin();
  for (const auto i : order) {
    const auto& piece = steady.pieces()[i];
    for (auto in = piece.first; in < piece.first + piece.count; ++in, ++series)
      REQUIRE(series->samples[0].value == batch.values[in]);
  }
  CHECK(series == got->series.end());
}

TEST_CASE("a time that changes from series to series is patched in place") {
  const auto block = block_of(node_page(300));
  const block_template steady(block, {}, 100);
  auto batch = batch_of(block);
  for (std::size_t i = 0; i < block->size(); ++i)
    batch.own_timestamps_ms.push_back(i % 3 == 0 ? metrics_batch::no_timestamp
                                                 : batch.timestamp_ms - static_cast<std::int64_t>(i));
  for (std::size_t i = 0; i < steady.pieces().size(); ++i) {
    REQUIRE(steady.way_of(i, batch, true) == block_template::way::own_times);
    std::string out;
    steady.append_own_times(i, batch, out);
    const auto& piece = steady.pieces()[i];
    CHECK(out.size() <= piece.end - piece.begin + 9 * piece.count);
  }
  check_equal(sent(steady, batch), batch);
  batch.own_timestamps_ms.assign(block->size(), batch.timestamp_ms);
  CHECK(steady.way_of(0, batch, true) == block_template::way::one_time);
  check_equal(sent(steady, batch), batch);
}

TEST_CASE("label values of 64 KiB and more") {
  std::vector<std::string> lines;
  for (const std::size_t size : {100u, 65'000u, 70'000u, 10u, 200'000u, 20u})
    lines.push_back("m{v=\"" + std::string(size, 'x') + std::to_string(size) + "\"}");
  const auto block = block_of(lines);
  const block_template steady(block, {}, 100);
  check_equal(sent(steady, batch_of(block)), batch_of(block));
}

TEST_CASE("a label value whose length takes four bytes") {
  const auto block = block_of({"m{v=\"" + std::string((std::size_t{1} << 24) + 5, 'x') + "\"}", "m"});
  const block_template steady(block, {}, 100);
  const auto batch = batch_of(block);
  CHECK(sent(steady, batch).series[0].labels.get("v").size() == (std::size_t{1} << 24) + 5);
  check_equal(sent(steady, batch), batch);
}

TEST_CASE("an empty block sends nothing") {
  const auto block =
      std::make_shared<telemetry::series_block>(std::vector<telemetry::chunk_ref>{}, telemetry::label_set{});
  const block_template steady(block, {}, 100);
  CHECK(steady.pieces().empty());
  CHECK(steady.series() == 0);
  CHECK(uncompressed(request_builder().finish()).empty());
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
  // Only the piece that has one is encoded anew.
  CHECK(steady.way_of(0, batch, true) == block_template::way::one_time);
  CHECK(steady.way_of(1, batch, true) == block_template::way::slow);
  CHECK(steady.way_of(1, batch, false) == block_template::way::one_time);
  for (const std::uint32_t edge : {8u, 15u}) {
    batch.exemplars[0].series = edge;
    CHECK(steady.way_of(0, batch, true) == block_template::way::one_time);
    CHECK(steady.way_of(1, batch, true) == block_template::way::slow);
    CHECK(steady.way_of(2, batch, true) == block_template::way::one_time);
  }
}

TEST_CASE("exemplars find their series where columns were left out") {
  const auto block = block_of({"a", "c"});
  const block_template steady(block, {0, 2}, 100);
  metrics_batch batch;
  batch.timestamp_ms = 1'700'000'000'000;
  batch.values = {10, 11, 12};
  batch.exemplars.push_back({1, "{trace_id=\"of b\"}", 1, 1'700'000'000'001});
  batch.exemplars.push_back({2, "{trace_id=\"of c\"}", 2, -5});
  const auto got = sent(steady, batch);
  CHECK(got.series[0].exemplars.empty());
  REQUIRE(got.series[1].exemplars.size() == 1);
  CHECK(got.series[1].exemplars[0].labels.get("trace_id") == "of c");
  CHECK(got.series[1].exemplars[0].timestamp_ms == -5);
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
