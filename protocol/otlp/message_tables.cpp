#include "protocol/otlp/message_tables.hpp"

namespace troupe::otlp {

namespace {

extern const message_table any_value;  // it refers to itself
const field_row array_rows[] = {{1, "values", form::message, &any_value, true}};
const message_table array_value{array_rows};
const field_row key_value_rows[] = {{1, "key", form::text}, {2, "value", form::message, &any_value}};
const message_table key_value{key_value_rows};
const field_row list_rows[] = {{1, "values", form::message, &key_value, true}};
const message_table key_value_list{list_rows};
const field_row any_rows[] = {{1, "stringValue", form::text},
                              {2, "boolValue", form::flag},
                              {3, "intValue", form::whole},
                              {4, "doubleValue", form::real},
                              {5, "arrayValue", form::message, &array_value},
                              {6, "kvlistValue", form::message, &key_value_list},
                              {7, "bytesValue", form::base64}};
const message_table any_value{any_rows};

const field_row entity_rows[] = {{1, "schemaUrl", form::text},
                                 {2, "type", form::text},
                                 {3, "idKeys", form::text, nullptr, true},
                                 {4, "descriptionKeys", form::text, nullptr, true}};
const message_table entity{entity_rows};
const field_row resource_rows[] = {{1, "attributes", form::message, &key_value, true},
                                   {2, "droppedAttributesCount", form::number},
                                   {3, "entityRefs", form::message, &entity, true}};
const message_table resource{resource_rows};
const field_row scope_rows[] = {{1, "name", form::text},
                                {2, "version", form::text},
                                {3, "attributes", form::message, &key_value, true},
                                {4, "droppedAttributesCount", form::number}};
const message_table scope{scope_rows};

const field_row event_rows[] = {{1, "timeUnixNano", form::fixed64},
                                {2, "name", form::text},
                                {3, "attributes", form::message, &key_value, true},
                                {4, "droppedAttributesCount", form::number}};
const message_table event{event_rows};
const field_row link_rows[] = {{1, "traceId", form::hex},
                               {2, "spanId", form::hex},
                               {3, "traceState", form::text},
                               {4, "attributes", form::message, &key_value, true},
                               {5, "droppedAttributesCount", form::number},
                               {6, "flags", form::fixed32}};
const message_table link{link_rows};
const field_row status_rows[] = {{2, "message", form::text}, {3, "code", form::number}};
const message_table status{status_rows};
const field_row span_rows[] = {{1, "traceId", form::hex},
                               {2, "spanId", form::hex},
                               {3, "traceState", form::text},
                               {4, "parentSpanId", form::hex},
                               {5, "name", form::text},
                               {6, "kind", form::number},
                               {7, "startTimeUnixNano", form::fixed64},
                               {8, "endTimeUnixNano", form::fixed64},
                               {9, "attributes", form::message, &key_value, true},
                               {10, "droppedAttributesCount", form::number},
                               {11, "events", form::message, &event, true},
                               {12, "droppedEventsCount", form::number},
                               {13, "links", form::message, &link, true},
                               {14, "droppedLinksCount", form::number},
                               {15, "status", form::message, &status},
                               {16, "flags", form::fixed32}};
const message_table span_message{span_rows};
const field_row scope_spans_rows[] = {{1, "scope", form::message, &scope},
                                      {2, "spans", form::message, &span_message, true},
                                      {3, "schemaUrl", form::text}};
const message_table scope_spans{scope_spans_rows};
const field_row resource_spans_rows[] = {{1, "resource", form::message, &resource},
                                         {2, "scopeSpans", form::message, &scope_spans, true},
                                         {3, "schemaUrl", form::text}};
const message_table resource_spans{resource_spans_rows};
const field_row traces_rows[] = {{1, "resourceSpans", form::message, &resource_spans, true}};
const message_table traces{traces_rows};

const field_row exemplar_rows[] = {
    {2, "timeUnixNano", form::fixed64}, {3, "asDouble", form::real},
    {4, "spanId", form::hex},           {5, "traceId", form::hex},
    {6, "asInt", form::sfixed64},       {7, "filteredAttributes", form::message, &key_value, true}};
const message_table exemplar{exemplar_rows};
const field_row number_point_rows[] = {{2, "startTimeUnixNano", form::fixed64},
                                       {3, "timeUnixNano", form::fixed64},
                                       {4, "asDouble", form::real},
                                       {5, "exemplars", form::message, &exemplar, true},
                                       {6, "asInt", form::sfixed64},
                                       {7, "attributes", form::message, &key_value, true},
                                       {8, "flags", form::number}};
const message_table number_point{number_point_rows};
const field_row histogram_point_rows[] = {{2, "startTimeUnixNano", form::fixed64},
                                          {3, "timeUnixNano", form::fixed64},
                                          {4, "count", form::fixed64},
                                          {5, "sum", form::real},
                                          {6, "bucketCounts", form::fixed64, nullptr, true},
                                          {7, "explicitBounds", form::real, nullptr, true},
                                          {8, "exemplars", form::message, &exemplar, true},
                                          {9, "attributes", form::message, &key_value, true},
                                          {10, "flags", form::number},
                                          {11, "min", form::real},
                                          {12, "max", form::real}};
const message_table histogram_point{histogram_point_rows};
const field_row buckets_rows[] = {{1, "offset", form::zigzag},
                                  {2, "bucketCounts", form::whole_unsigned, nullptr, true}};
const message_table buckets{buckets_rows};
const field_row exponential_point_rows[] = {{1, "attributes", form::message, &key_value, true},
                                            {2, "startTimeUnixNano", form::fixed64},
                                            {3, "timeUnixNano", form::fixed64},
                                            {4, "count", form::fixed64},
                                            {5, "sum", form::real},
                                            {6, "scale", form::zigzag},
                                            {7, "zeroCount", form::fixed64},
                                            {8, "positive", form::message, &buckets},
                                            {9, "negative", form::message, &buckets},
                                            {10, "flags", form::number},
                                            {11, "exemplars", form::message, &exemplar, true},
                                            {12, "min", form::real},
                                            {13, "max", form::real},
                                            {14, "zeroThreshold", form::real}};
const message_table exponential_point{exponential_point_rows};
const field_row quantile_rows[] = {{1, "quantile", form::real}, {2, "value", form::real}};
const message_table quantile{quantile_rows};
const field_row summary_point_rows[] = {{2, "startTimeUnixNano", form::fixed64},
                                        {3, "timeUnixNano", form::fixed64},
                                        {4, "count", form::fixed64},
                                        {5, "sum", form::real},
                                        {6, "quantileValues", form::message, &quantile, true},
                                        {7, "attributes", form::message, &key_value, true},
                                        {8, "flags", form::number}};
const message_table summary_point{summary_point_rows};
const field_row gauge_rows[] = {{1, "dataPoints", form::message, &number_point, true}};
const message_table gauge{gauge_rows};
const field_row sum_rows[] = {{1, "dataPoints", form::message, &number_point, true},
                              {2, "aggregationTemporality", form::number},
                              {3, "isMonotonic", form::flag}};
const message_table sum{sum_rows};
const field_row histogram_rows[] = {{1, "dataPoints", form::message, &histogram_point, true},
                                    {2, "aggregationTemporality", form::number}};
const message_table histogram{histogram_rows};
const field_row exponential_rows[] = {{1, "dataPoints", form::message, &exponential_point, true},
                                      {2, "aggregationTemporality", form::number}};
const message_table exponential{exponential_rows};
const field_row summary_rows[] = {{1, "dataPoints", form::message, &summary_point, true}};
const message_table summary{summary_rows};
const field_row metric_rows[] = {{1, "name", form::text},
                                 {2, "description", form::text},
                                 {3, "unit", form::text},
                                 {5, "gauge", form::message, &gauge},
                                 {7, "sum", form::message, &sum},
                                 {9, "histogram", form::message, &histogram},
                                 {10, "exponentialHistogram", form::message, &exponential},
                                 {11, "summary", form::message, &summary},
                                 {12, "metadata", form::message, &key_value, true}};
const message_table metric{metric_rows};
const field_row scope_metrics_rows[] = {
    {1, "scope", form::message, &scope}, {2, "metrics", form::message, &metric, true}, {3, "schemaUrl", form::text}};
const message_table scope_metrics{scope_metrics_rows};
const field_row resource_metrics_rows[] = {{1, "resource", form::message, &resource},
                                           {2, "scopeMetrics", form::message, &scope_metrics, true},
                                           {3, "schemaUrl", form::text}};
const message_table resource_metrics{resource_metrics_rows};
const field_row metrics_rows[] = {{1, "resourceMetrics", form::message, &resource_metrics, true}};
const message_table metrics{metrics_rows};

const field_row record_rows[] = {{1, "timeUnixNano", form::fixed64},
                                 {2, "severityNumber", form::number},
                                 {3, "severityText", form::text},
                                 {5, "body", form::message, &any_value},
                                 {6, "attributes", form::message, &key_value, true},
                                 {7, "droppedAttributesCount", form::number},
                                 {8, "flags", form::fixed32},
                                 {9, "traceId", form::hex},
                                 {10, "spanId", form::hex},
                                 {11, "observedTimeUnixNano", form::fixed64},
                                 {12, "eventName", form::text}};
const message_table record{record_rows};
const field_row scope_logs_rows[] = {
    {1, "scope", form::message, &scope}, {2, "logRecords", form::message, &record, true}, {3, "schemaUrl", form::text}};
const message_table scope_logs{scope_logs_rows};
const field_row resource_logs_rows[] = {{1, "resource", form::message, &resource},
                                        {2, "scopeLogs", form::message, &scope_logs, true},
                                        {3, "schemaUrl", form::text}};
const message_table resource_logs{resource_logs_rows};
const field_row logs_rows[] = {{1, "resourceLogs", form::message, &resource_logs, true}};
const message_table logs{logs_rows};

}  // namespace

const message_table& request_table(telemetry::otlp_kind of) {
  switch (of) {
    case telemetry::otlp_kind::metrics:
      return metrics;
    case telemetry::otlp_kind::logs:
      return logs;
    default:
      return traces;
  }
}

}  // namespace troupe::otlp
