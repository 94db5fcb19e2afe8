#include "protocol/telemetry/logs.hpp"

#include "protocol/telemetry/codec.hpp"
#include "tests/catch.hpp"

using namespace troupe::telemetry;

namespace {

labels_ref labels(std::initializer_list<std::pair<std::string, std::string>> of) {
  return std::make_shared<const label_set>(of);
}

/// Everything that a batch says, readable.
std::string text(const logs_batch& batch) {
  std::string out;
  for (const auto& stream : batch.streams()) {
    out += stream.labels->to_text() + ":";
    for (auto i = stream.begin; i < stream.end; ++i) {
      const auto& entry = batch.at(i);
      out += " " + std::to_string(entry.timestamp_ns) + "=" + std::string(entry.line);
      for (const auto& [name, value] : entry.metadata)
        out += "," + std::string(name) + "~" + std::string(value);
    }
    out += "\n";
  }
  return out;
}

std::shared_ptr<logs_batch> example() {
  const auto a = labels({{"app", "a"}}), b = labels({{"app", "b"}});
  const label_view metadata[] = {{"trace_id", "1"}, {"z", ""}};
  logs_builder building;
  building.add(a, 1, "one");
  building.add(b, 2, std::string_view("t\0wo", 4), metadata);
  building.add(labels({{"app", "a"}}), 3, "");
  building.add(b, 4, "four");
  auto made = building.finish();
  CHECK(building.empty());
  return made;
}

}  // namespace

TEST_CASE("entries are grouped by stream and keep their order", "[logs]") {
  const auto batch = example();
  CHECK(batch->items() == 4);
  CHECK(batch->kind() == signal::logs);
  CHECK(text(*batch) == "{app=\"a\"}: 1=one 3=\n{app=\"b\"}: 2=" + std::string("t\0wo", 4) + ",trace_id~1,z~ 4=four\n");
}

TEST_CASE("a builder begins anew after each batch", "[logs]") {
  logs_builder building;
  building.add(labels({{"a", "1"}}), 1, "x");
  const auto first = building.finish();
  building.add(labels({{"a", "2"}}), 2, "y");
  const auto second = building.finish();
  CHECK(text(*first) == "{a=\"1\"}: 1=x\n");
  CHECK(text(*second) == "{a=\"2\"}: 2=y\n");
}

TEST_CASE("logs come back from their bytes", "[logs]") {
  auto batch = example();
  batch->self_telemetry = true;
  batch->context.sampled = true;
  batch->context.trace_id[3] = 7;
  batch->context.span_id[0] = 9;
  std::string bytes;
  encode_logs(*batch, bytes);
  const auto back = decode_logs(bytes);
  REQUIRE(back);
  CHECK(text(**back) == text(*batch));
  CHECK((*back)->context == batch->context);
  CHECK((*back)->self_telemetry);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    INFO(cut);
    CHECK_FALSE(decode_logs(std::string_view(bytes).substr(0, cut)));
  }
  CHECK_FALSE(decode_logs(bytes + "x"));
}

TEST_CASE("otelcol signals come back from their bytes", "[logs]") {
  otlp_batch batch;
  batch.what = otlp_kind::logs;
  batch.count = 300;
  batch.message = std::string("\x0a\x00\xff", 3);
  std::string bytes;
  encode_otlp(batch, bytes);
  const auto back = decode_otlp(bytes);
  REQUIRE(back);
  CHECK((*back)->what == otlp_kind::logs);
  CHECK((*back)->items() == 300);
  CHECK((*back)->message == batch.message);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    CHECK_FALSE(decode_otlp(std::string_view(bytes).substr(0, cut)));
}
