#include "protocol/otlp/trace_builder.hpp"

#include <limits>

#include "protocol/otlp/proto/trace_service.pb.h"
#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::otlp;

namespace {

span_view span_of(std::uint8_t number, std::string_view name) {
  span_view made;
  made.trace = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  made.id = {number, 0, 0, 0, 0, 0, 0, 9};
  made.name = name;
  made.start_ns = 1'700'000'000'000'000'001, made.end_ns = 1'700'000'000'000'000'002;
  return made;
}

}  // namespace

TEST_CASE("what the builder writes is read again") {
  const std::vector<attribute_view> resource{{"service.name", "alloy"}, {"process.pid", std::int64_t{-7}}};
  trace_builder builder(resource);
  const std::vector<attribute_view> scope{{"alloy.component_id", "prometheus.scrape"}};
  const std::string long_text(1000, 'x');
  const std::vector<attribute_view> attributes{{"text", std::string_view(long_text)},
                                               {"whole", std::numeric_limits<std::int64_t>::min()},
                                               {"real", 0.5},
                                               {"flag", true},
                                               {"no", false},
                                               {"bad\xff", "x\xfey"}};
  auto first = span_of(1, "scrape");
  first.attributes = attributes;
  first.kind = span_kind::client;
  first.status = status_code::error;
  first.status_message = "connection refused";
  builder.add("scrape", scope, first);
  auto second = span_of(2, "relabel");
  second.parent = first.id;
  builder.add("relabel", {}, second);
  builder.add("scrape", {}, span_of(3, ""));
  CHECK(builder.spans() == 3);
  const auto batch = builder.finish();
  CHECK(builder.empty());
  CHECK(batch->count == 3);
  CHECK(batch->what == telemetry::otlp_kind::traces);

  const auto read = decode_traces(batch->message);
  REQUIRE(read);
  REQUIRE(read->size() == 3);
  const auto& one = (*read)[0];
  CHECK(one.trace == first.trace);
  CHECK(one.id == first.id);
  CHECK(one.parent == span_id{});
  CHECK(one.name == "scrape");
  CHECK(one.kind == span_kind::client);
  CHECK(one.start_ns == first.start_ns);
  CHECK(one.end_ns == first.end_ns);
  CHECK(one.status == status_code::error);
  CHECK(one.status_message == "connection refused");
  CHECK(one.service == "alloy");
  CHECK(one.scope == "scrape");
  REQUIRE(one.attributes.size() == 6);
  CHECK(std::get<std::string>(one.attributes[0].value) == long_text);
  CHECK(std::get<std::int64_t>(one.attributes[1].value) == std::numeric_limits<std::int64_t>::min());
  CHECK(std::get<double>(one.attributes[2].value) == 0.5);
  CHECK(std::get<bool>(one.attributes[3].value));
  CHECK_FALSE(std::get<bool>(one.attributes[4].value));
  CHECK(one.attributes[5].key == "bad\ufffd");
  CHECK(std::get<std::string>(one.attributes[5].value) == "x\ufffdy");
  REQUIRE(one.scope_attributes.size() == 1);
  CHECK(one.scope_attributes[0].key == "alloy.component_id");
  REQUIRE(one.resource.size() == 2);
  CHECK(std::get<std::int64_t>(one.resource[1].value) == -7);
  CHECK((*read)[1].name.empty());  // of the same scope
  CHECK((*read)[2].parent == first.id);
  CHECK((*read)[2].scope == "relabel");
  CHECK(builder.finish()->message.empty());
}

TEST_CASE("two requests after one another are one") {
  trace_builder builder({});
  builder.add("a", {}, span_of(1, "one"));
  auto message = builder.finish()->message;
  builder.add("b", {}, span_of(2, "two"));
  message += builder.finish()->message;
  const auto read = decode_traces(message);
  REQUIRE(read);
  REQUIRE(read->size() == 2);
  CHECK((*read)[1].name == "two");
}

TEST_CASE("what is no trace request is refused with a reason") {
  CHECK(decode_traces("")->empty());
  CHECK(decode_traces("<html>").error().message == "this is no ExportTraceServiceRequest");
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest request;
  auto* span = request.add_resource_spans()->add_scope_spans()->add_spans();
  span->set_trace_id("short");
  CHECK(decode_traces(request.SerializeAsString()).error().message ==
        "span 0 of the request: its trace id has not 16 bytes");
  span->set_trace_id(std::string(16, 'x'));
  span->set_span_id(std::string(8, 'y'));
  CHECK(decode_traces(request.SerializeAsString()));
  span->set_parent_span_id("z");
  CHECK(decode_traces(request.SerializeAsString()).error().message ==
        "span 0 of the request: its parent's id has not 8 bytes");
}

TEST_CASE("values within values are shown as JSON, to a depth") {
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest request;
  auto* span = request.add_resource_spans()->add_scope_spans()->add_spans();
  span->set_trace_id(std::string(16, 'x'));
  span->set_span_id(std::string(8, 'y'));
  auto* attribute = span->add_attributes();
  attribute->set_key("list");
  auto* list = attribute->mutable_value()->mutable_array_value();
  list->add_values()->set_string_value("a\"b\n");
  list->add_values()->set_int_value(7);
  auto* map = list->add_values()->mutable_kvlist_value()->add_values();
  map->set_key("k");
  map->mutable_value()->set_bytes_value("\x01\xff");
  const auto read = decode_traces(request.SerializeAsString());
  REQUIRE(read);
  CHECK(std::get<std::string>((*read)[0].attributes[0].value) == R"(["a\"b\u000a",7,{"k":"01ff"}])");
  auto* deep = attribute->mutable_value();
  for (int i = 0; i < 200; ++i)
    deep = deep->mutable_array_value()->add_values();
  CHECK_FALSE(decode_traces(request.SerializeAsString()));
}
