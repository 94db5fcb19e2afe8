#include "actors/otelcol/exporter/export_metrics.hpp"

namespace troupe::otelcol {

export_metrics::export_metrics(runtime::component_metrics& in, const std::string& exporter)
    : by_kind_{make(in, exporter, "spans"), make(in, exporter, "metric_points"), make(in, exporter, "log_records")},
      size_(in.gauge("otelcol_exporter_queue_size", "What waits in memory, in the unit of queue_size.",
                     {{"exporter", exporter}})),
      capacity_(in.gauge("otelcol_exporter_queue_capacity", "What may wait in memory.", {{"exporter", exporter}})) {}

void call_durations::add(std::optional<int> code, std::chrono::nanoseconds took) {
  static const std::vector<double> bounds{0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10'000};
  const bool grpc = over_ == transport::grpc;
  telemetry::label_set labels;
  if (code) labels.set(grpc ? "rpc_grpc_status_code" : "http_response_status_code", std::to_string(*code));
  in_->histogram(grpc ? "rpc_client_duration_milliseconds" : "http_client_duration_milliseconds",
                 "How long calls took, in milliseconds.", bounds, labels)
      .observe(std::chrono::duration<double, std::milli>(took).count());
}

export_metrics::counts export_metrics::make(runtime::component_metrics& in, const std::string& exporter,
                                            const std::string& items) {
  return {in.counter("otelcol_exporter_sent_" + items + "_total", "What the backend took.", {{"exporter", exporter}}),
          in.counter("otelcol_exporter_send_failed_" + items + "_total", "What the backend refused, or was given up.",
                     {{"exporter", exporter}})};
}

}  // namespace troupe::otelcol
