#include "actors/prometheus/remote_write/arguments.hpp"

#include <set>

#include "actors/http_client/headers.hpp"
#include "protocol/http/url.hpp"
#include "protocol/telemetry/series_text.hpp"

namespace troupe::prometheus::remote_writing {

namespace {

config::body_of<queue_config> queue_schema() {
  config::body_of<queue_config> s;
  s.attribute("capacity", &queue_config::capacity,
              "Samples that may wait in memory, for each request that may be in flight.")
      .attribute("max_shards", &queue_config::max_shards, "Requests that may be in flight.")
      .attribute("min_shards", &queue_config::min_shards, "Requests that are tried at a time while the backend fails.")
      .attribute("max_samples_per_send", &queue_config::max_samples_per_send, "Samples in a request.")
      .attribute("batch_send_deadline", &queue_config::batch_send_deadline,
                 "How long a sample waits for its request to fill up.")
      .attribute("min_backoff", &queue_config::min_backoff,
                 "Pause after the first failure; it doubles with each further one.")
      .attribute("max_backoff", &queue_config::max_backoff, "Longest pause.")
      .attribute("retry_on_http_429", &queue_config::retry_on_http_429, "Whether to try again after the answer 429.")
      .attribute("sample_age_limit", &queue_config::sample_age_limit, "Older samples are dropped; 0: none.")
      .check([](const queue_config& q) {
        config::complaints all;
        const auto positive = [&](const char* name, std::int64_t value) {
          if (value <= 0) all.push_back({name, std::string(name) + " must be greater than 0"});
        };
        positive("capacity", q.capacity);
        positive("max_shards", q.max_shards);
        positive("min_shards", q.min_shards);
        positive("max_samples_per_send", q.max_samples_per_send);
        positive("batch_send_deadline", q.batch_send_deadline.count());
        positive("min_backoff", q.min_backoff.count());
        if (q.min_shards > q.max_shards)
          all.push_back({"min_shards", "min_shards must not be greater than max_shards"});
        if (q.max_backoff < q.min_backoff)
          all.push_back({"max_backoff", "max_backoff must not be less than min_backoff"});
        return all;
      });
  return s;
}

config::body_of<metadata_config> metadata_schema() {
  config::body_of<metadata_config> s;
  s.attribute("send", &metadata_config::send, "Whether types and help texts are sent.")
      .attribute("send_interval", &metadata_config::send_interval, "How often.")
      .attribute("max_samples_per_send", &metadata_config::max_samples_per_send, "Entries in a request.")
      .check([](const metadata_config& m) {
        config::complaints all;
        if (m.send_interval.count() <= 0) all.push_back({"send_interval", "send_interval must be greater than 0"});
        if (m.max_samples_per_send <= 0)
          all.push_back({"max_samples_per_send", "max_samples_per_send must be greater than 0"});
        return all;
      });
  return s;
}

config::body_of<endpoint_arguments> endpoint_schema() {
  config::body_of<endpoint_arguments> s;
  s.required("url", &endpoint_arguments::url, "Where to send.")
      .attribute("name", &endpoint_arguments::name, "Name in metrics; empty: one is made.")
      .attribute("remote_timeout", &endpoint_arguments::remote_timeout, "How long a request may take.")
      .attribute("headers", &endpoint_arguments::headers, "Headers of every request.")
      .attribute("send_exemplars", &endpoint_arguments::send_exemplars, "Whether exemplars are sent.")
      .not_yet("send_native_histograms", &endpoint_arguments::send_native_histograms, "")
      .not_yet("protobuf_message", &endpoint_arguments::protobuf_message, "")
      .not_yet("round_robin_dns", &endpoint_arguments::round_robin_dns, "")
      .include(&endpoint_arguments::client, http_client::schema())
      .block("queue_config", &endpoint_arguments::queue, queue_schema(), "How samples wait and are sent.")
      .block("metadata_config", &endpoint_arguments::metadata, metadata_schema(), "How types and help texts are sent.")
      .blocks("write_relabel_config", &endpoint_arguments::write_relabel, relabelling::rule_schema(),
              "Rules for what is sent here.")
      .not_yet_block("sigv4", "AWS Signature Version 4 to authenticate with.")
      .not_yet_block("azuread", "Azure AD to authenticate with.")
      .not_yet_block("google_iam", "Google IAM to authenticate with.")
      .check([](const endpoint_arguments& e) {
        config::complaints all;
        if (const auto url = http::parse_url(e.url); !url) all.push_back({"url", url.error().message});
        if (e.remote_timeout.count() <= 0) all.push_back({"remote_timeout", "remote_timeout must be greater than 0"});
        const auto headers = http_client::check_headers(
            e.headers, {"authorization", "host", "content-encoding", "content-length", "content-type", "user-agent",
                        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "www-authenticate",
                        "accept-encoding", "x-prometheus-remote-write-version", "x-prometheus-remote-read-version"});
        all.insert(all.end(), headers.begin(), headers.end());
        return all;
      });
  return s;
}

config::body_of<wal_config> wal_schema() {
  config::body_of<wal_config> s;
  s.attribute("truncate_frequency", &wal_config::truncate_frequency,
              "How often what was sent is removed from the disk.")
      .attribute("min_keepalive_time", &wal_config::min_keepalive_time,
                 "How long what was sent stays on the disk at least.")
      .attribute("max_keepalive_time", &wal_config::max_keepalive_time,
                 "How long what was not sent stays on the disk at most.")
      .check([](const wal_config& w) {
        config::complaints all;
        if (w.truncate_frequency.count() <= 0)
          all.push_back({"truncate_frequency", "truncate_frequency must not be 0"});
        if (w.min_keepalive_time.count() < 0)
          all.push_back({"min_keepalive_time", "min_keepalive_time must not be negative"});
        if (w.max_keepalive_time <= w.min_keepalive_time) {
          all.push_back({"max_keepalive_time", "min_keepalive_time must be smaller than max_keepalive_time"});
        }
        return all;
      });
  return s;
}

config::complaints check(const arguments& a) {
  config::complaints all;
  for (const auto& [name, value] : a.external_labels) {
    if (!telemetry::is_legacy_label_name(name) || name.empty()) {
      all.push_back({"external_labels", "\"" + name + "\" is not a valid label name"});
    }
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < a.endpoints.size(); ++i) {
    const auto& one = a.endpoints[i];
    for (std::size_t j = 0; j < i; ++j) {
      if (a.endpoints[j] == one)
        all.push_back({"endpoint", "duplicate remote write configs are not allowed, found duplicate for URL: " +
                                       http::redacted_url(one.url)});
    }
    if (!one.name.empty() && !names.insert(one.name).second)
      all.push_back({"endpoint", "the endpoint name \"" + one.name + "\" is used twice"});
  }
  return all;
}

}  // namespace

const config::component_schema& schema() {
  static const auto schema = [] {
    auto s = config::describe<arguments>(
        "prometheus.remote_write", config::stability::generally_available,
        "Sends samples to backends that speak Prometheus remote write, over a journal on the disk.");
    s.exports("receiver", "MetricsReceiver", "Takes the samples to send.");
    s.attribute("external_labels", &arguments::external_labels, "Labels for series that do not have them.")
        .blocks("endpoint", &arguments::endpoints, endpoint_schema(), "A backend.")
        .block("wal", &arguments::wal, wal_schema(), "How long samples stay on the disk.")
        .check(check);
    return s;
  }();
  return schema;
}

}  // namespace troupe::prometheus::remote_writing
