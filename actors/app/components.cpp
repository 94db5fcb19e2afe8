#include "actors/app/components.hpp"

#include "actors/logging/logging.hpp"
#include "actors/loki/echo/echo.hpp"
#include "actors/loki/write/write.hpp"
#include "actors/otelcol/auth/basic.hpp"
#include "actors/otelcol/auth/bearer.hpp"
#include "actors/otelcol/auth/headers.hpp"
#include "actors/otelcol/auth/oauth2.hpp"
#include "actors/otelcol/otlp/otlp.hpp"
#include "actors/otelcol/otlphttp/otlphttp.hpp"
#include "actors/prometheus/exporter_self/exporter_self.hpp"
#include "actors/prometheus/relabel/relabel.hpp"
#include "actors/prometheus/remote_write/remote_write.hpp"
#include "actors/prometheus/scrape/scrape.hpp"
#include "actors/store/local/store.hpp"
#include "actors/tracing/tracing.hpp"

namespace troupe::app {

void add_components(runtime::registry& to) {
  to.add(runtime::define<prometheus::exporter_self>(prometheus::exporting_self::schema()));
  to.add(runtime::define<prometheus::scrape>(prometheus::scraping::schema()));
  to.add(runtime::define<prometheus::relabel>(prometheus::relabelling::schema()));
  to.add(runtime::define<prometheus::remote_write_component>(prometheus::remote_writing::schema()));
  to.add(runtime::define<loki::write>(loki::writing::schema()));
  to.add(runtime::define<loki::echo>(loki::echoing::schema()));
  to.add(runtime::define<otelcol::auth_basic>(otelcol::auth::basic_schema()));
  to.add(runtime::define<otelcol::auth_bearer>(otelcol::auth::bearer_schema()));
  to.add(runtime::define<otelcol::auth_headers>(otelcol::auth::headers_schema()));
  to.add(runtime::define<otelcol::auth_oauth2>(otelcol::auth::oauth2_schema()));
  to.add(runtime::define<otelcol::exporter_otlp>(otelcol::exporting_otlp::schema()));
  to.add(runtime::define<otelcol::exporter_otlphttp>(otelcol::exporting_otlphttp::schema()));
  to.add(runtime::define<store::local>(store::storing::schema()));
}

void add_blocks(runtime::registry& to, const own_telemetry& of) {
  to.add(logging::definition(of.log, of.events));
  to.add(tracing::definition(of.traces));
}

}  // namespace troupe::app
