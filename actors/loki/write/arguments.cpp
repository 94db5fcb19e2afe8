#include "actors/loki/write/arguments.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "actors/http_client/headers.hpp"
#include "protocol/http/url.hpp"
#include "protocol/telemetry/series_text.hpp"

namespace troupe::loki::writing {

namespace {

constexpr std::int64_t most_shards = 1000;

config::body_of<queue_config> queue_schema() {
  config::body_of<queue_config> s;
  s.attribute("capacity", &queue_config::capacity,
              "Bytes of lines that may wait in memory; the others wait on the disk.")
      .attribute("min_shards", &queue_config::min_shards,
                 "Requests that may be under way at a time; lines of one stream are never in two of them.")
      .attribute("drain_timeout", &queue_config::drain_timeout,
                 "How long the end of the component waits for what is not sent; the rest is sent after the next start.")
      .attribute("block_on_overflow", &queue_config::block_on_overflow,
                 "What comes while capacity is used up waits on the disk; false: it is dropped.")
      .check([](const queue_config& q) {
        config::complaints all;
        if (q.capacity.bytes <= 0) all.push_back({"capacity", "capacity must be greater than 0"});
        if (q.min_shards < 1 || q.min_shards > most_shards)
          all.push_back({"min_shards", "min_shards must be between 1 and " + std::to_string(most_shards)});
        if (q.drain_timeout.count() < 0) all.push_back({"drain_timeout", "drain_timeout must not be negative"});
        return all;
      });
  return s;
}

config::complaints check_endpoint(const endpoint_arguments& e) {
  config::complaints all;
  const auto positive = [&](const char* name, std::int64_t value) {
    if (value <= 0) all.push_back({name, std::string(name) + " must be greater than 0"});
  };
  if (const auto url = http::parse_url(e.url); !url) all.push_back({"url", url.error().message});
  positive("batch_wait", e.batch_wait.count());
  positive("batch_size", e.batch_size.bytes);
  positive("remote_timeout", e.remote_timeout.count());
  positive("min_backoff_period", e.min_backoff_period.count());
  if (e.max_backoff_period < e.min_backoff_period) {
    all.push_back({"max_backoff_period", "max_backoff_period must not be less than min_backoff_period"});
  }
  if (e.max_backoff_retries < 0)
    all.push_back({"max_backoff_retries", "max_backoff_retries must not be negative; 0 retries for ever"});
  if (!e.tenant_id.empty() && !http::valid_header("X-Scope-OrgID", e.tenant_id))
    all.push_back({"tenant_id", "tenant_id can't be sent in a header"});
  const auto headers =
      http_client::check_headers(e.headers, {"content-type", "content-encoding", "content-length", "host", "user-agent",
                                             "x-scope-orgid", "x-agent-id", "x-alloy-id"});
  all.insert(all.end(), headers.begin(), headers.end());
  return all;
}

config::body_of<endpoint_arguments> endpoint_schema() {
  config::body_of<endpoint_arguments> s;
  s.required("url", &endpoint_arguments::url, "Where to push, with the path.")
      .attribute("name", &endpoint_arguments::name, "Name in events and debug info; empty: one is made.")
      .attribute("batch_wait", &endpoint_arguments::batch_wait, "How long a line waits for its request to fill up.")
      .attribute("batch_size", &endpoint_arguments::batch_size,
                 "Bytes of lines and structured metadata in a request; a larger line goes alone.")
      .attribute("remote_timeout", &endpoint_arguments::remote_timeout, "How long a request may take.")
      .attribute("headers", &endpoint_arguments::headers, "Headers of every request.")
      .attribute("min_backoff_period", &endpoint_arguments::min_backoff_period,
                 "Pause after the first failure; it doubles with each further one.")
      .attribute("max_backoff_period", &endpoint_arguments::max_backoff_period, "Longest pause.")
      .attribute("max_backoff_retries", &endpoint_arguments::max_backoff_retries,
                 "How often a request is tried again before it is dropped; 0: for ever.")
      .attribute("tenant_id", &endpoint_arguments::tenant_id,
                 "Tenant to push for; a stream's label __tenant_id__ comes before it.")
      .attribute("retry_on_http_429", &endpoint_arguments::retry_on_http_429,
                 "Whether to try again after the answer 429.")
      .include(&endpoint_arguments::client, http_client::schema())
      .block("queue_config", &endpoint_arguments::queue, queue_schema(), "How lines wait.")
      .check(check_endpoint);
  return s;
}

config::body_of<wal_config> wal_schema() {
  config::body_of<wal_config> s;
  s.attribute("enabled", &wal_config::enabled,
              "Whether max_segment_age counts. Lines are always written to a journal before they are sent.")
      .attribute("max_segment_age", &wal_config::max_segment_age,
                 "With enabled = true: how long what was not sent stays on the disk at most.")
      .attribute("min_read_frequency", &wal_config::min_read_frequency,
                 "The journal is not polled: what is written is read at once, which is sooner than any value asks for.")
      .attribute("max_read_frequency", &wal_config::max_read_frequency, "Likewise.")
      .attribute("drain_timeout", &wal_config::drain_timeout,
                 "With enabled = true, in place of queue_config's: how long the end waits for what is not sent.")
      .check([](const wal_config& w) {
        config::complaints all;
        if (w.max_segment_age.count() <= 0)
          all.push_back({"max_segment_age", "max_segment_age must be greater than 0"});
        if (w.min_read_frequency.count() <= 0)
          all.push_back({"min_read_frequency", "min_read_frequency must be greater than 0"});
        if (w.max_read_frequency <= w.min_read_frequency)
          all.push_back({"max_read_frequency", "max_read_frequency must be greater than min_read_frequency"});
        if (w.drain_timeout.count() < 0) all.push_back({"drain_timeout", "drain_timeout must not be negative"});
        return all;
      });
  return s;
}

config::complaints check(const arguments& a) {
  config::complaints all;
  for (const auto& [name, value] : a.external_labels) {
    if (!telemetry::is_legacy_label_name(name))
      all.push_back({"external_labels", "\"" + name + "\" is not a valid label name"});
  }
  if (a.max_streams < 0) all.push_back({"max_streams", "max_streams must not be negative; 0 sets no limit"});
  if (a.endpoints.empty()) all.push_back({"", "at least one endpoint config must be provided"});
  std::set<std::string> names;
  for (std::size_t i = 0; i < a.endpoints.size(); ++i) {
    const auto& one = a.endpoints[i];
    if (std::find(a.endpoints.begin(), a.endpoints.begin() + static_cast<std::ptrdiff_t>(i), one) !=
        a.endpoints.begin() + static_cast<std::ptrdiff_t>(i)) {
      all.push_back(
          {"endpoint", "duplicate endpoint: the same is configured twice for " + http::redacted_url(one.url)});
    } else if (!one.name.empty() && !names.insert(one.name).second) {
      all.push_back({"endpoint", "the endpoint name \"" + one.name + "\" is used twice"});
    }
  }
  return all;
}

}  // namespace

const config::component_schema& schema() {
  static const auto schema = [] {
    auto s = config::describe<arguments>("loki.write", config::stability::generally_available,
                                         "Pushes log entries to Loki, over a journal on the disk.");
    s.exports("receiver", "LogsReceiver", "Takes the entries to push.");
    s.attribute("external_labels", &arguments::external_labels, "Labels for streams that do not have them.")
        .attribute("max_streams", &arguments::max_streams,
                   "Streams in a request; entries of further ones are dropped. 0: no limit.")
        .blocks("endpoint", &arguments::endpoints, endpoint_schema(), "A backend.")
        .block("wal", &arguments::wal, wal_schema(), "How long lines stay on the disk.")
        .check(check);
    return s;
  }();
  return schema;
}

}  // namespace troupe::loki::writing
