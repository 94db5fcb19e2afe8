#include "protocol/otlp/json.hpp"

#include <limits>

#include "protocol/otlp/proto/logs_service.pb.h"
#include "protocol/otlp/proto/metrics_service.pb.h"
#include "protocol/otlp/proto/trace_service.pb.h"
#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::otlp;
using telemetry::otlp_kind;

TEST_CASE("traces as JSON") {
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest request;
  auto* resource = request.add_resource_spans();
  auto* name = resource->mutable_resource()->add_attributes();
  name->set_key("service.name");
  name->mutable_value()->set_string_value("a\"b\n\x01");
  auto* span = resource->add_scope_spans()->add_spans();
  span->set_trace_id("\x01\x02\xff");
  span->set_span_id("\xab");
  span->set_name("n");
  span->set_kind(opentelemetry::proto::trace::v1::Span::SPAN_KIND_CLIENT);
  span->set_start_time_unix_nano(18'446'744'073'709'551'615u);
  span->set_flags(1);
  span->mutable_status()->set_code(opentelemetry::proto::trace::v1::Status::STATUS_CODE_ERROR);
  const auto add = [&](const char* key) {
    auto* one = span->add_attributes();
    one->set_key(key);
    return one->mutable_value();
  };
  add("i")->set_int_value(-5);
  add("d")->set_double_value(0.5);
  add("nan")->set_double_value(std::numeric_limits<double>::quiet_NaN());
  add("b")->set_bool_value(true);
  add("y")->set_bytes_value("\xff\xfe");
  auto* list = add("l")->mutable_array_value();
  list->add_values()->set_string_value("x");
  list->add_values()->mutable_kvlist_value();
  CHECK(
      to_json(otlp_kind::traces, request.SerializeAsString()) ==
      R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a\"b\u000a\u0001"}}]},)"
      R"("scopeSpans":[{"spans":[{"traceId":"0102ff","spanId":"ab","name":"n","kind":3,)"
      R"("startTimeUnixNano":"18446744073709551615","attributes":[{"key":"i","value":{"intValue":"-5"}},)"
      R"({"key":"d","value":{"doubleValue":0.5}},{"key":"nan","value":{"doubleValue":"NaN"}},)"
      R"({"key":"b","value":{"boolValue":true}},{"key":"y","value":{"bytesValue":"//4="}},)"
      R"({"key":"l","value":{"arrayValue":{"values":[{"stringValue":"x"},{"kvlistValue":{}}]}}}],)"
      R"("status":{"code":2},"flags":1}]}]}]})");
}

TEST_CASE("metrics as JSON") {
  opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest request;
  auto* scope = request.add_resource_metrics()->add_scope_metrics();
  auto* sum = scope->add_metrics();
  sum->set_name("s");
  auto* point = sum->mutable_sum()->add_data_points();
  point->set_as_int(-7);
  sum->mutable_sum()->set_is_monotonic(true);
  auto* histogram = scope->add_metrics()->mutable_histogram()->add_data_points();
  histogram->set_count(3);
  histogram->add_bucket_counts(1);
  histogram->add_bucket_counts(2);
  histogram->add_explicit_bounds(0.25);
  auto* exponential = scope->add_metrics()->mutable_exponential_histogram()->add_data_points();
  exponential->set_scale(-3);
  exponential->mutable_positive()->set_offset(-1);
  exponential->mutable_positive()->add_bucket_counts(300);
  CHECK(
      to_json(otlp_kind::metrics, request.SerializeAsString()) ==
      R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[)"
      R"({"name":"s","sum":{"dataPoints":[{"asInt":"-7"}],"isMonotonic":true}},)"
      R"({"histogram":{"dataPoints":[{"count":"3","bucketCounts":["1","2"],"explicitBounds":[0.25]}]}},)"
      R"({"exponentialHistogram":{"dataPoints":[{"scale":-3,"positive":{"offset":-1,"bucketCounts":["300"]}}]}}]}]}]})");
}

TEST_CASE("logs as JSON") {
  opentelemetry::proto::collector::logs::v1::ExportLogsServiceRequest request;
  auto* record = request.add_resource_logs()->add_scope_logs()->add_log_records();
  record->set_time_unix_nano(1);
  record->set_severity_number(9);
  record->mutable_body()->set_string_value("line");
  CHECK(
      to_json(otlp_kind::logs, request.SerializeAsString()) ==
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1","severityNumber":9,"body":{"stringValue":"line"}}]}]}]})");
}

TEST_CASE("what is no message is an empty object") {
  CHECK(to_json(otlp_kind::traces, "") == "{}");
  CHECK(to_json(otlp_kind::traces, "<html>") == "{}");
  CHECK(to_json(otlp_kind::traces, "\x0a\x7f") == "{}");
}
