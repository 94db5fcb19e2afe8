#include "protocol/exposition/negotiation.hpp"

#include <optional>
#include <string>

#include "tests/catch.hpp"

using namespace troupe::exposition;

TEST_CASE("the Accept header lists protocols with falling weights") {
  CHECK(accept_header({"OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText1.0.0", "PrometheusText0.0.4"},
                      "allow-utf-8") ==
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
        "application/openmetrics-text;version=0.0.1;q=0.5,"
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2");
  CHECK(accept_header({"PrometheusText0.0.4"}, "underscores") == "text/plain;version=0.0.4;q=0.6,*/*;q=0.5");
  CHECK(accept_header({"PrometheusProto"}, "underscores") ==
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,*/*;q=0.5");
}

TEST_CASE("the Content-Type selects the parser, its version does not matter") {
  constexpr auto text = format::prometheus_text;
  constexpr auto open = format::open_metrics;
  struct row {
    const char* content_type;
    const char* fallback;
    std::optional<format> expected;
  };
  const row table[] = {
      {"text/plain; version=0.0.4; charset=utf-8", "", text},
      {"text/plain", "", text},
      {"TEXT/Plain;version=\"9\"", "", text},
      {"text/plain;", "", text},
      {"application/openmetrics-text; version=0.0.1", "", open},
      {"application/openmetrics-text", "PrometheusText0.0.4", open},
      {"", "", std::nullopt},
      {"", "PrometheusText0.0.4", text},
      {"", "OpenMetricsText1.0.0", open},
      {"", "PrometheusProto", std::nullopt},
      {"text/html", "", std::nullopt},
      {"text/html", "PrometheusText1.0.0", text},
      {"text/plain; version", "", std::nullopt},
      {"text/plain; a=b; a=c", "", std::nullopt},
      {"text/plain; a=\"b", "", std::nullopt},
      {"text", "", std::nullopt},
      {"text/", "", std::nullopt},
      {"application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
       "PrometheusText0.0.4", std::nullopt},
  };
  for (const auto& [content_type, fallback, expected] : table) {
    INFO(content_type << " fallback " << fallback);
    const auto chosen = format_of(content_type, fallback);
    CHECK(chosen.has_value() == expected.has_value());
    if (chosen && expected) CHECK(*chosen == *expected);
    if (!chosen) CHECK_FALSE(chosen.error().message.empty());
  }
}

TEST_CASE("the server answers with the best that is asked for") {
  const std::pair<std::string, format> table[] = {
      {"", format::prometheus_text},
      {"*/*", format::prometheus_text},
      {"text/html", format::prometheus_text},
      {"application/openmetrics-text", format::open_metrics},
      {"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4", format::open_metrics},
      {"application/openmetrics-text;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.5", format::prometheus_text},
      {"application/openmetrics-text;version=0.0.1;q=0.6,text/plain;q=0.1", format::prometheus_text},
      {"application/openmetrics-text;q=0", format::prometheus_text},
      {"application/openmetrics-text;q=x", format::prometheus_text},
      {"garbage,,;;=,application/openmetrics-text;q=0.3,*/*;q=0.1", format::open_metrics},
      {accept_header({"OpenMetricsText1.0.0", "PrometheusText0.0.4"}, "underscores"), format::open_metrics},
  };
  for (const auto& [accept, expected] : table) {
    INFO(accept);
    CHECK(negotiate(accept) == expected);
  }
  for (const format kind : {format::prometheus_text, format::open_metrics}) {
    CHECK(*format_of(content_type(kind), "") == kind);
  }
}
