#include "actors/otelcol/exporter/export_metrics.hpp"

namespace troupe::otelcol {

export_metrics::export_metrics(runtime::component_metrics& in, const std::string& exporter)
    : by_kind_{make(in, exporter, "spans"), make(in, exporter, "metric_points"), make(in, exporter, "log_records")},
      size_(in.gauge("otelcol_exporter_queue_size", "What waits in memory, in the unit of queue_size.",
                     {{"exporter", exporter}})),
      capacity_(in.gauge("otelcol_exporter_queue_capacity", "What may wait in memory.", {{"exporter", exporter}})) {}

export_metrics::counts export_metrics::make(runtime::component_metrics& in, const std::string& exporter,
                                            const std::string& items) {
  return {in.counter("otelcol_exporter_sent_" + items + "_total", "What the backend took.", {{"exporter", exporter}}),
          in.counter("otelcol_exporter_send_failed_" + items + "_total", "What the backend refused, or was given up.",
                     {{"exporter", exporter}})};
}

}  // namespace troupe::otelcol
