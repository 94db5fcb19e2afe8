#include "actors/loki/write/push_metrics.hpp"

namespace troupe::loki {

namespace {

const std::vector<double> duration_bounds{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 25, 60};
const std::vector<double> size_bounds{1 << 10,   10 << 10, 50 << 10, 100 << 10, 250 << 10,
                                      512 << 10, 1 << 20,  2 << 20,  5 << 20,   20 << 20};

const std::vector<double> latency_bounds{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600};

constexpr const char* sent_bytes = "loki_write_sent_bytes_total";
constexpr const char* sent_entries = "loki_write_sent_entries_total";
constexpr const char* batch_retries = "loki_write_batch_retries_total";
constexpr const char* dropped_bytes = "loki_write_dropped_bytes_total";
constexpr const char* dropped_entries = "loki_write_dropped_entries_total";
constexpr const char* request_size = "loki_write_request_size_bytes";
constexpr const char* propagation = "loki_write_entry_propagation_latency_seconds";
constexpr const char* request_duration = "loki_write_request_duration_seconds";

}  // namespace

std::string_view to_string(drop_reason reason) {
  constexpr std::string_view names[] = {"ingester_error", "rate_limited", "stream_limited", "line_too_long",
                                        "queue_is_full"};
  return names[static_cast<std::size_t>(reason)];
}

drop_reason reason_of(int status, std::string_view words) {
  const auto says = [&](std::string_view text) { return words.find(text) != std::string_view::npos; };
  // Loki, pkg/validation: "Maximum active stream limit exceeded", "Max entry size '…' bytes exceeded".
  if (says("stream limit exceeded")) return drop_reason::stream_limited;
  if (says("ax entry size")) return drop_reason::line_too_long;
  return status == 429 ? drop_reason::rate_limited : drop_reason::ingester_error;
}

push_metrics::push_metrics(runtime::component_metrics& in, const std::string& host, const std::string& tenant)
    : in_(in),
      labels_({{"host", host}, {"tenant", tenant}}),
      bytes_(in.counter(sent_bytes, "Compressed bytes that the backend took.", labels_)),
      entries_(in.counter(sent_entries, "Entries that the backend took.", labels_)),
      retries_(in.counter(batch_retries, "Requests that were sent once more.", labels_)),
      request_bytes_(in.histogram(request_size, "Compressed size of requests.", size_bounds, labels_)),
      latency_(in.histogram(propagation, "From an entry's own time until it was sent or given up.", latency_bounds,
                            labels_)),
      dropped_{make_drops(drop_reason::ingester_error), make_drops(drop_reason::rate_limited),
               make_drops(drop_reason::stream_limited), make_drops(drop_reason::line_too_long),
               make_drops(drop_reason::queue_is_full)} {}

push_metrics::~push_metrics() {
  for (const char* one : {sent_bytes, sent_entries, batch_retries, request_size, propagation})
    in_.remove(one, labels_);
  for (std::size_t i = 0; i < drop_reasons; ++i) {
    for (const char* one : {dropped_bytes, dropped_entries})
      in_.remove(one, with("reason", to_string(static_cast<drop_reason>(i))));
  }
  for (const auto& [status, one] : durations_)
    in_.remove(request_duration, with("status_code", status));
}

telemetry::label_set push_metrics::with(std::string_view name, std::string_view value) const {
  auto labels = labels_;
  labels.set(name, value);
  return labels;
}

push_metrics::drops push_metrics::make_drops(drop_reason reason) {
  const auto labels = with("reason", to_string(reason));
  return {in_.counter(dropped_entries, "Entries that were given up, by reason.", labels),
          in_.counter(dropped_bytes, "Compressed bytes that were given up, by reason.", labels)};
}

void push_metrics::answered(int status, std::chrono::nanoseconds took, std::size_t request_bytes) {
  request_bytes_.observe(static_cast<double>(request_bytes));
  const std::string code = status == 0 ? "-1" : std::to_string(status);
  auto& its = durations_[code];
  if (its == nullptr) {
    its = &in_.histogram(request_duration, "How long requests took, by status; -1: no answer.", duration_bounds,
                         with("status_code", code));
  }
  its->observe(std::chrono::duration<double>(took).count());
}

void push_metrics::sent(std::uint64_t entries, std::size_t bytes) {
  entries_.add(static_cast<double>(entries));
  bytes_.add(static_cast<double>(bytes));
}

void push_metrics::propagated(std::span<const std::int64_t> times_ms, std::int64_t now_ms) {
  std::vector<double> seconds;
  seconds.reserve(times_ms.size());
  for (const auto time : times_ms)
    seconds.push_back(static_cast<double>(now_ms - time) / 1000);
  latency_.observe_all(seconds);
}

void push_metrics::dropped(std::string_view reason, std::uint64_t entries, std::size_t bytes) {
  for (std::size_t i = 0; i < drop_reasons; ++i) {
    if (to_string(static_cast<drop_reason>(i)) != reason) continue;
    dropped_[i].entries.add(static_cast<double>(entries));
    dropped_[i].bytes.add(static_cast<double>(bytes));
  }
}

std::shared_ptr<push_metrics> push_metrics_pool::of(const std::string& host, const std::string& tenant) {
  std::erase_if(all_, [](const auto& one) { return one.second.expired(); });
  auto& known = all_[{host, tenant}];
  if (auto one = known.lock()) return one;
  auto made = std::make_shared<push_metrics>(in_, host, tenant);
  known = made;
  return made;
}

}  // namespace troupe::loki
