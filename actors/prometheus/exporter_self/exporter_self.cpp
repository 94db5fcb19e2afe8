#include "actors/prometheus/exporter_self/exporter_self.hpp"

#include "protocol/exposition/negotiation.hpp"
#include "protocol/http/server.hpp"

namespace troupe::prometheus {

namespace exporting_self {

const config::component_schema& schema() {
  static const auto described =
      config::describe<arguments>("prometheus.exporter.self", config::stability::generally_available,
                                  "Exposes the collector's own metrics as a target.")
          .exports("targets", "list(target)", "The collector itself.");
  return described;
}

}  // namespace exporting_self

exporter_self::exporter_self(runtime::component_context& context, std::shared_ptr<const arguments_type>)
    : all_(context.shared().metrics),
      requests_(context.metrics().counter("promhttp_metric_handler_requests_total",
                                          "Total number of scrapes by HTTP status code.", {{"code", "200"}})),
      in_flight_(context.metrics().gauge("promhttp_metric_handler_requests_in_flight",
                                         "Current number of scrapes being served.")) {}

config::value exporter_self::exports(const runtime::component_place& place, const arguments_type&) {
  config::object target({
      {"__address__", place.shared.memory_address},
      {"__scheme__", "http"},
      {"__metrics_path__", "/api/v0/component/" + place.id + "/metrics"},
      {"job", "integrations/self"},
      {"instance", place.shared.instance},
      {"__meta_component_name", "prometheus.exporter.self"},
      {"__meta_component_id", place.id},
  });
  return config::object::in_order({{"targets", config::array{std::move(target)}}});
}

bool exporter_self::serve(const std::string& path, const http::server_request& request,
                          const std::shared_ptr<http::responder>& answer) {
  if (path != "metrics") return false;
  const auto kind = exposition::negotiate(request.header("Accept"));
  in_flight_.add(1);
  answer->respond(200, exposition::content_type(kind), all_.page(kind));
  in_flight_.add(-1);
  requests_.add();
  return true;
}

}  // namespace troupe::prometheus
