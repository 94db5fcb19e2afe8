#include "protocol/otlp/split.hpp"

#include <algorithm>
#include <random>

#include "protocol/otlp/proto/logs_service.pb.h"
#include "protocol/otlp/proto/metrics_service.pb.h"
#include "protocol/otlp/proto/trace_service.pb.h"
#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::otlp;
using opentelemetry::proto::collector::logs::v1::ExportLogsServiceRequest;
using opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest;
using opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest;
using telemetry::otlp_kind;

namespace {

/// What is said of each item, in their order: its own bytes, and those of all it belongs to.
using described = std::vector<std::string>;

template <class Group, class Scope>
std::string around(const Group& group, const Scope& scope) {
  return group.resource().SerializeAsString() + '|' + group.schema_url() + '|' + scope.scope().SerializeAsString() +
         '|' + scope.schema_url() + '|';
}

template <class Points>
void add_points(const std::string& before, const Points& points, described& to) {
  for (const auto& one : points)
    to.push_back(before + one.SerializeAsString());
}

void add_points(std::string before, const opentelemetry::proto::metrics::v1::Metric& metric, described& to) {
  before += metric.name() + '|' + metric.unit() + '|' + std::to_string(metric.data_case()) + '|';
  if (metric.has_gauge()) return add_points(before, metric.gauge().data_points(), to);
  if (metric.has_summary()) return add_points(before, metric.summary().data_points(), to);
  if (metric.has_exponential_histogram()) return add_points(before, metric.exponential_histogram().data_points(), to);
  if (metric.has_histogram()) {
    before += std::to_string(metric.histogram().aggregation_temporality());
    return add_points(before, metric.histogram().data_points(), to);
  }
  before += std::to_string(metric.sum().aggregation_temporality()) + std::to_string(metric.sum().is_monotonic());
  add_points(before, metric.sum().data_points(), to);
}

described items_of(otlp_kind what, const std::string& message) {
  described all;
  if (what == otlp_kind::traces) {
    ExportTraceServiceRequest read;
    REQUIRE(read.ParseFromString(message));
    for (const auto& group : read.resource_spans()) {
      for (const auto& scope : group.scope_spans())
        add_points(around(group, scope), scope.spans(), all);
    }
  } else if (what == otlp_kind::logs) {
    ExportLogsServiceRequest read;
    REQUIRE(read.ParseFromString(message));
    for (const auto& group : read.resource_logs()) {
      for (const auto& scope : group.scope_logs())
        add_points(around(group, scope), scope.log_records(), all);
    }
  } else {
    ExportMetricsServiceRequest read;
    REQUIRE(read.ParseFromString(message));
    for (const auto& group : read.resource_metrics()) {
      for (const auto& scope : group.scope_metrics()) {
        for (const auto& metric : scope.metrics())
          add_points(around(group, scope), metric, all);
      }
    }
  }
  return all;
}

class maker {
 public:
  explicit maker(unsigned seed) : random_(seed) {}
  int up_to(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }
  std::string text() { return std::string(static_cast<std::size_t>(up_to(9) == 0 ? up_to(300) : up_to(20)), 'x'); }

  template <class Group>
  void frame(Group& group) {
    if (up_to(3) == 0) return;
    auto* one = group.mutable_resource()->add_attributes();
    one->set_key(text());
    one->mutable_value()->set_int_value(up_to(1000));
    if (up_to(1) == 0) group.set_schema_url(text());
  }
  template <class Scope>
  void scope(Scope& one) {
    if (up_to(3) > 0) one.mutable_scope()->set_name(text());
    if (up_to(2) == 0) one.set_schema_url(text());
  }

  std::string traces() {
    ExportTraceServiceRequest made;
    for (int i = up_to(4); i > 0; --i) {
      auto& group = *made.add_resource_spans();
      frame(group);
      for (int j = up_to(3); j > 0; --j) {
        auto& under = *group.add_scope_spans();
        scope(under);
        for (int k = up_to(8); k > 0; --k) {
          auto& span = *under.add_spans();
          span.set_name(text());
          span.set_start_time_unix_nano(static_cast<std::uint64_t>(++last_));
        }
      }
    }
    return made.SerializeAsString();
  }
  std::string logs() {
    ExportLogsServiceRequest made;
    for (int i = up_to(4); i > 0; --i) {
      auto& group = *made.add_resource_logs();
      frame(group);
      for (int j = up_to(3); j > 0; --j) {
        auto& under = *group.add_scope_logs();
        scope(under);
        for (int k = up_to(8); k > 0; --k) {
          auto& record = *under.add_log_records();
          record.mutable_body()->set_string_value(text());
          record.set_time_unix_nano(static_cast<std::uint64_t>(++last_));
        }
      }
    }
    return made.SerializeAsString();
  }
  std::string metrics() {
    ExportMetricsServiceRequest made;
    for (int i = up_to(3); i > 0; --i) {
      auto& group = *made.add_resource_metrics();
      frame(group);
      for (int j = up_to(2); j > 0; --j) {
        auto& under = *group.add_scope_metrics();
        scope(under);
        for (int k = up_to(4); k > 0; --k)
          metric(*under.add_metrics());
      }
    }
    return made.SerializeAsString();
  }

 private:
  template <class Data>
  void points(Data& data) {
    for (int i = up_to(6); i > 0; --i)
      data.add_data_points()->set_time_unix_nano(static_cast<std::uint64_t>(++last_));
  }
  void metric(opentelemetry::proto::metrics::v1::Metric& one) {
    one.set_name(text());
    one.set_unit(text());
    switch (up_to(5)) {
      case 0:
        return points(*one.mutable_gauge());
      case 1:
        one.mutable_sum()->set_is_monotonic(true);
        one.mutable_sum()->set_aggregation_temporality(
            opentelemetry::proto::metrics::v1::AGGREGATION_TEMPORALITY_CUMULATIVE);
        return points(*one.mutable_sum());
      case 2:
        one.mutable_histogram()->set_aggregation_temporality(
            opentelemetry::proto::metrics::v1::AGGREGATION_TEMPORALITY_DELTA);
        return points(*one.mutable_histogram());
      case 3:
        return points(*one.mutable_exponential_histogram());
      case 4:
        return points(*one.mutable_summary());
      default:
        return;  // of a kind that nobody knows yet
    }
  }
  std::mt19937 random_;
  int last_ = 0;
};

void check_parts(otlp_kind what, const std::string& message, size_unit unit, std::uint64_t most) {
  const auto parts = split(what, message, unit, most);
  const auto wanted = items_of(what, message);
  described got;
  std::string joined;
  for (const auto& part : parts) {
    const auto its = items_of(what, part.message);
    CHECK(its.size() == part.items);
    CHECK(its.size() + part.message.size() > 0);
    if (unit == size_unit::items) CHECK(part.items <= most);
    // Only what can't be divided is larger.
    if (unit == size_unit::bytes && part.items > 1) CHECK(part.message.size() <= most);
    got.insert(got.end(), its.begin(), its.end());
    joined += part.message;
  }
  CHECK(got == wanted);
  CHECK(items_of(what, joined) == wanted);
  CHECK(parts.empty() == message.empty());
  if (unit == size_unit::items && !wanted.empty())
    CHECK(std::count_if(parts.begin(), parts.end(), [](const auto& p) { return p.items > 0; }) ==
          static_cast<std::ptrdiff_t>((wanted.size() + most - 1) / most));
}

}  // namespace

TEST_CASE("parts have all items in their order, each with what it belongs to, and none is too large") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    maker make(seed);
    const auto most = static_cast<std::uint64_t>(1 + make.up_to(12));
    const auto bytes = static_cast<std::uint64_t>(1 + make.up_to(600));
    CAPTURE(seed, most, bytes);
    const std::pair<otlp_kind, std::string> all[] = {
        {otlp_kind::traces, make.traces()}, {otlp_kind::logs, make.logs()}, {otlp_kind::metrics, make.metrics()}};
    for (const auto& [what, message] : all) {
      check_parts(what, message, size_unit::items, most);
      check_parts(what, message, size_unit::bytes, bytes);
    }
  }
}

TEST_CASE("a metric with many points is divided between them") {
  ExportMetricsServiceRequest request;
  auto& metric = *request.add_resource_metrics()->add_scope_metrics()->add_metrics();
  metric.set_name("m");
  metric.mutable_sum()->set_is_monotonic(true);
  for (int i = 0; i < 5; ++i)
    metric.mutable_sum()->add_data_points()->set_as_int(i);
  const auto parts = split(otlp_kind::metrics, request.SerializeAsString(), size_unit::items, 2);
  REQUIRE(parts.size() == 3);
  ExportMetricsServiceRequest last;
  REQUIRE(last.ParseFromString(parts[2].message));
  const auto& its = last.resource_metrics(0).scope_metrics(0).metrics(0);
  CHECK(its.name() == "m");
  CHECK(its.sum().is_monotonic());
  REQUIRE(its.sum().data_points_size() == 1);
  CHECK(its.sum().data_points(0).as_int() == 4);
}

TEST_CASE("what fits is one part, the same message") {
  ExportTraceServiceRequest request;
  auto& group = *request.add_resource_spans();
  group.mutable_resource()->set_dropped_attributes_count(1);
  group.add_scope_spans()->add_spans()->set_name("s");
  const auto message = request.SerializeAsString();
  const auto parts = split(otlp_kind::traces, message, size_unit::bytes, message.size());
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].message == message);
}

TEST_CASE("what is no such message is not split") {
  CHECK(split(otlp_kind::traces, "", size_unit::items, 1).empty());
  CHECK(split(otlp_kind::traces, "<html>", size_unit::items, 1).empty());
  CHECK(split(otlp_kind::logs, "\x0a\x7f", size_unit::items, 1).empty());
  CHECK(split(otlp_kind::metrics, std::string("\x0a\x04\x12\x02\x12\x05", 6), size_unit::items, 1).empty());
  // A metric of two kinds: of which one it is, only a reader of the whole can say.
  const std::string both("\x0a\x0c\x12\x0a\x12\x08\x2a\x02\x0a\x00\x3a\x02\x0a\x00", 14);
  CHECK(items_of(otlp_kind::metrics, both).size() == 1);
  CHECK(split(otlp_kind::metrics, both, size_unit::items, 1).empty());
}

TEST_CASE("a large resource is not multiplied without bound") {
  ExportLogsServiceRequest request;
  auto& group = *request.add_resource_logs();
  group.mutable_resource()->add_attributes()->set_key(std::string(1 << 20, 'x'));
  auto& scope = *group.add_scope_logs();
  for (int i = 0; i < 200; ++i)
    scope.add_log_records();
  const auto message = request.SerializeAsString();
  CHECK(split(otlp_kind::logs, message, size_unit::items, 1).empty());
  CHECK(split(otlp_kind::logs, message, size_unit::items, 10).size() == 20);
}

TEST_CASE("any bytes at all do no harm") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    maker make(seed);
    auto message = make.metrics();
    if (message.empty()) continue;
    for (int i = 0; i < 3; ++i)
      message[static_cast<std::size_t>(make.up_to(static_cast<int>(message.size()) - 1))] =
          static_cast<char>(make.up_to(255));
    for (const auto what : {otlp_kind::traces, otlp_kind::metrics}) {
      const auto parts = split(what, message, size_unit::items, 2);
      std::size_t bytes = 0;
      for (const auto& one : parts)
        bytes += one.message.size();
      CHECK(bytes <= (message.size() + 1) * (message.size() + 1));
    }
  }
}
