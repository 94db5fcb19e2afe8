// What goes into which request, and how it looks.

#include <algorithm>

#include "actors/otelcol/otlp/otlp.hpp"
#include "actors/otelcol/otlphttp/otlphttp.hpp"
#include "actors/runtime/host.hpp"
#include "protocol/otlp/span.hpp"
#include "protocol/otlp/trace_builder.hpp"
#include "tests/catch.hpp"
#include "tests/surroundings.hpp"
#include "tests/unit/otelcol/decompress.hpp"

using namespace troupe;
using namespace troupe::otelcol;

namespace {

/// A component's context without a component around it.
struct rig : testing::surroundings<> {
  runtime::component_definition kind = runtime::define<exporter_otlphttp>(exporting_otlphttp::schema());
  std::shared_ptr<runtime::host> of = std::make_shared<runtime::host>("otelcol.exporter.otlphttp.x", kind, shared);
  runtime::component_context context{*of, shared};
  otlphttp_protocol under_test{context};
  exporting_otlphttp::arguments arguments;

  rig() {
    arguments.client.endpoint = "http://h";
    arguments.client.compression = "none";
  }
  void update() { REQUIRE(under_test.update(arguments)); }

  std::shared_ptr<telemetry::otlp_batch> spans(int count) {
    otlp::trace_builder builder({});
    for (int i = 0; i < count; ++i) {
      otlp::span_view span;
      span.trace[0] = span.id[0] = static_cast<std::uint8_t>(++last_);
      builder.add("scope", {}, span);
    }
    return builder.finish();
  }
  /// The first byte of each span's id, in the request of these pieces of batches.
  std::vector<int> ids(const std::vector<writer::part>& parts) {
    const auto body = under_test.build(parts);
    const auto spans = otlp::decode_traces(body->bytes);
    REQUIRE(spans);
    std::vector<int> made;
    for (const auto& one : *spans)
      made.push_back(one.id[0]);
    return made;
  }

 private:
  int last_ = 0;
};

std::vector<std::uint32_t> sizes(const writer::prepared& of) {
  std::vector<std::uint32_t> all;
  for (const auto& one : of.pieces)
    all.push_back(one.size);
  return all;
}
std::string header_of(const http::request& of, const std::string& name) {
  const auto at = std::find_if(of.headers.begin(), of.headers.end(), [&](const auto& h) { return h.first == name; });
  return at == of.headers.end() ? "" : at->second;
}
std::uint64_t weight(const writer::prepared& of) {
  std::uint64_t all = 0;
  for (const auto& one : of.pieces)
    all += one.weight;
  return all;
}

}  // namespace

TEST_CASE_METHOD(rig, "without a block batch a batch is one piece of size 1, and weighs what the queue counts") {
  const auto batch = spans(5);
  update();
  auto made = under_test.prepare(batch);
  CHECK(sizes(made) == std::vector<std::uint32_t>{1});
  CHECK(made.pieces[0].items == 5);
  CHECK(weight(made) == 1);
  arguments.queue.sizer = "items";
  update();
  CHECK(weight(under_test.prepare(batch)) == 5);
  arguments.queue.sizer = "bytes";
  update();
  CHECK(weight(under_test.prepare(batch)) == batch->message.size());
  arguments.queue.enabled = false;
  update();
  CHECK(weight(under_test.prepare(batch)) == 1);
}

TEST_CASE_METHOD(rig, "what is larger than a request may be goes in pieces, what is smaller is joined") {
  arguments.queue.batch = exporting::batch{.min_size = 2, .max_size = 4};
  update();
  const auto large = spans(9), small = spans(3);
  const auto made = under_test.prepare(large);
  CHECK(sizes(made) == std::vector<std::uint32_t>{4, 4, 1});
  CHECK(weight(made) == 1);
  const auto whole = under_test.prepare(small);
  CHECK(sizes(whole) == std::vector<std::uint32_t>{3});
  CHECK(whole.how == nullptr);
  CHECK(ids({{large.get(), made.how.get(), 0}}) == std::vector<int>{1, 2, 3, 4});
  CHECK(ids({{large.get(), made.how.get(), 2}, {small.get(), nullptr, 0}}) == std::vector<int>{9, 10, 11, 12});
}

TEST_CASE_METHOD(rig, "sizes in bytes") {
  arguments.queue.batch = exporting::batch{.min_size = 0, .max_size = 100, .sizer = "bytes"};
  arguments.queue.sizer = "bytes";
  update();
  const auto batch = spans(9);
  const auto made = under_test.prepare(batch);
  REQUIRE(made.pieces.size() > 2);
  std::uint64_t items = 0;
  for (const auto& one : made.pieces) {
    CHECK(one.size <= 100);
    CHECK(one.weight == one.size);
    items += one.items;
  }
  CHECK(items == 9);
}

TEST_CASE_METHOD(rig, "what can't be split goes whole") {
  arguments.queue.batch = exporting::batch{.min_size = 0, .max_size = 2};
  update();
  auto batch = spans(3);
  batch->count = 4;  // it has not
  CHECK(sizes(under_test.prepare(batch)) == std::vector<std::uint32_t>{4});
  batch->count = 3;
  batch->message = "<html>";
  CHECK(sizes(under_test.prepare(batch)) == std::vector<std::uint32_t>{3});
  batch->message.clear();
  CHECK(under_test.prepare(batch).pieces.empty());
}

TEST_CASE_METHOD(rig, "a request stays as it was encoded, whatever an update says meanwhile") {
  arguments.client.compression = "zlib";
  arguments.encoding = "json";
  update();
  const auto batch = spans(1);
  const auto body = under_test.build(std::vector<writer::part>{{batch.get(), nullptr, 0}});
  arguments.client.compression = "none";
  update();
  CHECK(testing::decompress("zlib", body->bytes).value_or("").find("resourceSpans") != std::string::npos);
  CHECK(header_of(under_test.request(batch->what, body->form), "Content-Encoding") == "zlib");
  const auto later = under_test.build(std::vector<writer::part>{{batch.get(), nullptr, 0}});
  CHECK(later->bytes.find("resourceSpans") != std::string::npos);
  CHECK(header_of(under_test.request(batch->what, later->form), "Content-Encoding").empty());
}

TEST_CASE_METHOD(rig, "a message over gRPC is compressed as its encoding says; snappy is the stream format") {
  exporting_otlp::arguments over_grpc;
  over_grpc.client.endpoint = "h:1";
  otlp_protocol grpc(context);
  const auto batch = spans(3);
  for (const std::string name : {"", "gzip", "zstd", "snappy"}) {
    CAPTURE(name);
    over_grpc.client.compression = name;
    REQUIRE(grpc.update(over_grpc));
    const auto body = grpc.build(std::vector<writer::part>{{batch.get(), nullptr, 0}});
    const auto request = grpc.request(batch->what, body->form);
    CHECK(header_of(request, "grpc-encoding") == name);
    REQUIRE(body->bytes.size() > 5);
    CHECK((body->bytes[0] == 1) == !name.empty());
    const auto message = testing::decompress(name == "snappy" ? "x-snappy-framed" : name, body->bytes.substr(5));
    CHECK(message == batch->message);
  }
}
