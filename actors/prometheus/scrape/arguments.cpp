#include "actors/prometheus/scrape/arguments.hpp"

#include <set>

namespace troupe::prometheus::scraping {

namespace {

const std::vector<std::string> protocols{"OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText1.0.0",
                                         "PrometheusText0.0.4"};
const std::vector<std::string> not_yet_protocols{"PrometheusProto"};

config::body_of<clustering> clustering_schema() {
  config::body_of<clustering> s;
  s.required("enabled", &clustering::enabled, "Whether targets are shared over the nodes of a cluster.")
      .check([](const clustering& c) -> config::complaints {
        if (!c.enabled) return {};
        return {{"enabled", "clustering is not supported yet: leave it at false"}};
      });
  return s;
}

config::complaints check(const arguments& a) {
  config::complaints all;
  const auto complain = [&](const char* at, std::string message) { all.push_back({at, std::move(message)}); };
  if (a.scrape_interval.count() <= 0) complain("scrape_interval", "scrape_interval must be greater than 0");
  if (a.scrape_timeout.count() <= 0) complain("scrape_timeout", "scrape_timeout must be greater than 0");
  if (a.scrape_timeout > a.scrape_interval) {
    // Of the two that which is not as it always is.
    complain(a.scrape_timeout == arguments().scrape_timeout ? "scrape_interval" : "scrape_timeout",
             "scrape_timeout (" + config::print_duration(a.scrape_timeout) + ") greater than scrape_interval (" +
                 config::print_duration(a.scrape_interval) + ")");
  }
  if (a.scheme != "http" && a.scheme != "https") complain("scheme", "scheme must be either \"http\" or \"https\"");
  if (a.body_size_limit.bytes < 0) complain("body_size_limit", "body_size_limit must not be negative");
  std::set<std::string> seen;
  for (const auto& one : a.scrape_protocols) {
    if (!seen.insert(one).second) complain("scrape_protocols", "duplicated protocol in scrape_protocols: " + one);
  }
  if (a.scrape_protocols.empty()) complain("scrape_protocols", "scrape_protocols must not be empty");
  if (a.metric_name_escaping_scheme == "allow-utf-8" && a.metric_name_validation_scheme == "legacy") {
    complain("metric_name_escaping_scheme",
             "metric_name_escaping_scheme cannot be set to 'allow-utf-8' while metric_name_validation_scheme is not "
             "set to 'utf8'");
  }
  for (const auto& [name, values] : a.client.http_headers) {
    if (name == "Accept-Encoding" || name == "X-Prometheus-Scrape-Timeout-Seconds")
      complain("http_headers", "header \"" + name + "\" is reserved");
  }
  return all;
}

}  // namespace

const config::component_schema& schema() {
  static const auto s = [] {
    auto made =
        config::describe<arguments>("prometheus.scrape", config::stability::generally_available,
                                    "Scrapes targets for metrics, in the formats of Prometheus and OpenMetrics.");
    made.required("targets", &arguments::targets, "What to scrape.")
        .required("forward_to", &arguments::forward_to, "Where the samples go.")
        .attribute("job_name", &arguments::job_name, "Value of the label job; empty: the component's id.")
        .attribute("scrape_interval", &arguments::scrape_interval, "How often.")
        .attribute("scrape_timeout", &arguments::scrape_timeout, "How long a scrape may take.")
        .attribute("metrics_path", &arguments::metrics_path, "Path of the page.")
        .attribute("scheme", &arguments::scheme, "http or https.")
        .attribute("params", &arguments::params, "Parameters of the URL.")
        .attribute("honor_labels", &arguments::honor_labels, "Whether labels of the page win over those of the target.")
        .attribute("honor_timestamps", &arguments::honor_timestamps, "Whether timestamps of the page are used.")
        .attribute("track_timestamps_staleness", &arguments::track_timestamps_staleness,
                   "Whether series with timestamps of their own are marked stale when they go.")
        .choice("scrape_protocols", &arguments::scrape_protocols, protocols, "Formats to ask for, the best first.",
                not_yet_protocols)
        .choice("scrape_fallback_protocol", &arguments::scrape_fallback_protocol,
                {"", protocols[0], protocols[1], protocols[2], protocols[3]}, "Format of a page that does not say it.",
                not_yet_protocols)
        .attribute("enable_compression", &arguments::enable_compression, "Whether to ask for gzip.")
        .attribute("body_size_limit", &arguments::body_size_limit,
                   "A page of this size, uncompressed, fails the scrape; 0: 64MiB, at most 1GiB.")
        .attribute("sample_limit", &arguments::sample_limit, "More samples fail the scrape; 0: no limit.")
        .attribute("target_limit", &arguments::target_limit, "More targets fail all scrapes; 0: no limit.")
        .attribute("label_limit", &arguments::label_limit, "A series with more labels fails the scrape; 0: no limit.")
        .attribute("label_name_length_limit", &arguments::label_name_length_limit,
                   "A longer label name fails the scrape; 0: no limit.")
        .attribute("label_value_length_limit", &arguments::label_value_length_limit,
                   "A longer label value fails the scrape; 0: no limit.")
        .attribute("extra_metrics", &arguments::extra_metrics,
                   "Whether three more synthetic series are made for each target.")
        .choice("metric_name_validation_scheme", &arguments::metric_name_validation_scheme, {"legacy", "utf8"},
                "Which names are valid.")
        .choice("metric_name_escaping_scheme", &arguments::metric_name_escaping_scheme,
                {"", "allow-utf-8", "underscores", "dots", "values"},
                "How to ask for names beyond the legacy character set.")
        .not_yet("scrape_classic_histograms", &arguments::scrape_classic_histograms, "")
        .not_yet("scrape_native_histograms", &arguments::scrape_native_histograms, "")
        .not_yet("convert_classic_histograms_to_nhcb", &arguments::convert_classic_histograms_to_nhcb, "")
        .not_yet("enable_protobuf_negotiation", &arguments::enable_protobuf_negotiation, "")
        .not_yet("honor_metadata", &arguments::honor_metadata, "")
        .not_yet("enable_type_and_unit_labels", &arguments::enable_type_and_unit_labels, "")
        .not_yet("start_timestamp_zero_ingestion", &arguments::start_timestamp_zero_ingestion, "")
        .not_yet("native_histogram_bucket_limit", &arguments::native_histogram_bucket_limit, "")
        .not_yet("native_histogram_min_bucket_factor", &arguments::native_histogram_min_bucket_factor, "")
        .not_yet("scrape_failure_log_file", &arguments::scrape_failure_log_file, "")
        .block("clustering", &arguments::cluster, clustering_schema(),
               "How targets are shared over the nodes of a cluster.")
        .include(&arguments::client, http_client::schema())
        .check(check);
    return made;
  }();
  return s;
}

}  // namespace troupe::prometheus::scraping
