#include "actors/prometheus/scrape/scrape.hpp"

#include <algorithm>
#include <chrono>

#include "actors/http_client/check.hpp"
#include "protocol/exposition/negotiation.hpp"
#include "protocol/telemetry/number.hpp"

namespace troupe::prometheus {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

double seconds(nanoseconds d) {
  return std::chrono::duration<double>(d).count();
}

/// `404 Not Found`
std::string status_text(int status) {
  static const std::map<int, const char*> reasons{{201, "Created"},
                                                  {202, "Accepted"},
                                                  {204, "No Content"},
                                                  {206, "Partial Content"},
                                                  {301, "Moved Permanently"},
                                                  {302, "Found"},
                                                  {303, "See Other"},
                                                  {304, "Not Modified"},
                                                  {307, "Temporary Redirect"},
                                                  {308, "Permanent Redirect"},
                                                  {400, "Bad Request"},
                                                  {401, "Unauthorized"},
                                                  {403, "Forbidden"},
                                                  {404, "Not Found"},
                                                  {405, "Method Not Allowed"},
                                                  {406, "Not Acceptable"},
                                                  {408, "Request Timeout"},
                                                  {410, "Gone"},
                                                  {413, "Request Entity Too Large"},
                                                  {429, "Too Many Requests"},
                                                  {500, "Internal Server Error"},
                                                  {501, "Not Implemented"},
                                                  {502, "Bad Gateway"},
                                                  {503, "Service Unavailable"},
                                                  {504, "Gateway Timeout"}};
  const auto at = reasons.find(status);
  return std::to_string(status) + (at == reasons.end() ? "" : std::string(" ") + at->second);
}

std::string number_text(double value) {
  std::string text;
  telemetry::append_number(value, text);
  return text;
}

/// This process is known under a name that no network has.
std::string dialled(const std::string& url, const runtime::services& shared) {
  const auto at = url.find("://");
  if (at == std::string::npos ||
      url.compare(at + 3, shared.memory_address.size() + 1, shared.memory_address + "/") != 0)
    return url;
  return url.substr(0, at + 3) + shared.listen_address() + url.substr(at + 3 + shared.memory_address.size());
}

}  // namespace

scrape::active::active(target of, const page_rules& rules, std::uint64_t seed)
    : what(std::move(of)), when(what.labels, what.url, what.interval_ns, seed), series(what.labels, rules) {}

scrape::scrape(runtime::component_context& context, std::shared_ptr<const scraping::arguments> arguments)
    : context_(context),
      session_(context.shared()),
      seed_(offset_seed(context.shared().instance)),
      out_(context),
      metrics_(context.metrics()) {
  metrics_.pools.add();
  if (const auto ok = apply(std::move(arguments)); !ok) {
    metrics_.pools_failed.add();
    throw std::runtime_error(ok.error().message);
  }
}

scrape::~scrape() = default;

result<void> scrape::check(runtime::services& shared, const scraping::arguments& arguments) {
  return http_client::check(shared, http_client::to_options(arguments.client));
}

result<void> scrape::apply(std::shared_ptr<const scraping::arguments> arguments) {
  if (!session_.is_open() || !(arguments->client == arguments_->client)) {
    if (auto ok = session_.open(http_client::to_options(arguments->client)); !ok) return ok;
  }
  arguments_ = std::move(arguments);
  const auto& a = *arguments_;
  rules_ = {a.honor_timestamps,
            a.track_timestamps_staleness,
            a.extra_metrics,
            a.metric_name_validation_scheme == "legacy",
            a.honor_labels ? telemetry::label_conflict::keep_exposed : telemetry::label_conflict::export_exposed,
            a.sample_limit,
            a.label_limit,
            a.label_name_length_limit,
            a.label_value_length_limit};
  std::string escaping = a.metric_name_escaping_scheme;
  if (escaping.empty()) escaping = rules_.legacy_names ? "underscores" : "allow-utf-8";
  accept_ = exposition::accept_header(a.scrape_protocols, escaping);
  out_.connect(runtime::receivers_of(a.forward_to));
  return {};
}

void scrape::start() {
  set_targets();
}

result<void> scrape::update(const runtime::arguments_ref& arguments) {
  const auto began = context_.now();
  const auto ok = apply(std::static_pointer_cast<const scraping::arguments>(arguments));
  if (!ok) {
    metrics_.reloads_failed.add();
    return ok;
  }
  set_targets();
  metrics_.reloaded(arguments_->scrape_interval, context_.now() - began);
  return {};
}

/// What is still there goes on, also where its address or its times are others now: its series are the same ones. What
/// is new begins at its time, what is gone leaves.
void scrape::set_targets() {
  const auto began = context_.now();
  const std::string job = arguments_->job_name.empty() ? context_.id() : arguments_->job_name;
  metrics_.job(job);
  std::map<std::string, target> wanted, moved;
  refused_.clear();
  for (const auto& labels : arguments_->targets) {
    if (auto made = make_target(labels, *arguments_, job)) {
      wanted.emplace(made->labels.to_text() + made->url, std::move(*made));
    } else {
      refused_.emplace_back(telemetry::label_set({labels.begin(), labels.end()}).to_text(), made.error().message);
    }
  }
  std::map<std::string, active_ref> next;
  for (auto& [key, what] : wanted) {
    if (auto known = targets_.extract(key)) {
      change(*known.mapped(), std::move(what));
      next.insert(std::move(known));
    } else {
      moved.emplace(key, std::move(what));
    }
  }
  for (auto& [key, what] : moved) {
    auto one = with_labels(what.labels);
    if (one) {
      change(*one, std::move(what));
    } else {
      one = std::make_shared<active>(std::move(what), rules_, seed_);
    }
    next.emplace(key, std::move(one));
  }
  targets_.swap(next);
  for (auto& [key, one] : next)
    leave(one);
  std::erase_if(leaving_, [&](const leaving& one) {
    return std::any_of(targets_.begin(), targets_.end(),
                       [&](const auto& t) { return t.second->what.labels == one.who->what.labels; });
  });
  limit_error_.clear();
  if (arguments_->target_limit != 0 && targets_.size() > arguments_->target_limit) {
    limit_error_ = "target_limit exceeded (number of targets: " + std::to_string(targets_.size()) +
                   ", limit: " + std::to_string(arguments_->target_limit) + ")";
    metrics_.exceeded_target_limit.add();
    context_.publish(runtime::target_limit_exceeded{context_.id(), targets_.size(), arguments_->target_limit});
  }
  for (auto& [key, one] : targets_) {
    one->series.set(rules_);
    prepare(*one);
    schedule_next(one);
  }
  metrics_.targets(targets_.size(), refused_.size(), arguments_->target_limit, context_.now() - began);
  show_health();
}

void scrape::change(active& one, target what) {
  if (one.what == what) return;
  one.when = schedule(what.labels, what.url, what.interval_ns, seed_);
  one.what = std::move(what);
  one.begun.reset();  // two intervals have no distance
}

/// Takes out one whose series have these labels, of those that are no longer wanted or that are leaving; null: none.
scrape::active_ref scrape::with_labels(const telemetry::label_set& labels) {
  if (const auto at = targets_.lower_bound(labels.to_text());
      at != targets_.end() && at->second->what.labels == labels) {
    return std::move(targets_.extract(at).mapped());
  }
  const auto at = std::find_if(leaving_.begin(), leaving_.end(),
                               [&](const leaving& one) { return one.who->what.labels == labels; });
  if (at == leaving_.end()) return nullptr;
  auto one = std::move(at->who);
  leaving_.erase(at);
  one->leaves = false;
  if (one->failures > 0) ++down_;
  return one;
}

void scrape::prepare(active& one) {
  http::request request;
  request.url = dialled(one.what.url, context_.shared());
  request.headers = {
      {"Accept", accept_},
      {"X-Prometheus-Scrape-Timeout-Seconds", number_text(static_cast<double>(one.what.timeout_ns) / 1e9)}};
  request.timeout = std::max(milliseconds(1), duration_cast<milliseconds>(nanoseconds(one.what.timeout_ns)));
  request.max_body_bytes = static_cast<std::uint64_t>(arguments_->body_size_limit.bytes);
  request.accept_gzip = arguments_->enable_compression;
  if (!request.accept_gzip) request.headers.emplace_back("Accept-Encoding", "identity");
  request.unix_socket = one.what.unix_socket;
  one.request = std::move(request);
  one.distances = &metrics_.distances(nanoseconds(one.what.interval_ns));
}

void scrape::schedule_next(const active_ref& one) {
  const auto wall = context_.shared().time.wall_ns();
  // Never twice for one tick, even if the timer was a little early.
  const auto tick = one->when.next(std::max(wall, one->tick_ns + 1));
  one->next = context_.at(context_.now() + nanoseconds(tick - wall), [this, weak = std::weak_ptr(one), tick] {
    if (const auto self = weak.lock()) begin(self, tick);
  });
}

void scrape::begin(const active_ref& one, std::int64_t tick_ns) {
  one->tick_ns = tick_ns;
  schedule_next(one);
  if (one->in_flight != 0) {
    metrics_.missed.add();
    one->missed = true;
    return;
  }
  const auto now = context_.now();
  if (one->begun) one->distances->observe(seconds(now - *one->begun));
  one->begun = now;
  one->span = context_.tracing().begin(runtime::event_kind<runtime::scrape_finished>::span);
  one->timestamp_ms = one->when.timestamp_ms(tick_ns, context_.shared().time.wall_ns());
  if (!limit_error_.empty()) {
    publish_outcome(
        *one, one->series.failed(limit_error_, one->timestamp_ms, {0, seconds(nanoseconds(one->what.timeout_ns)), 0}),
        0);
    return;
  }
  ++in_flight_;
  auto request = one->request;
  if (context_.tracing().propagates())
    request.headers.emplace_back("traceparent", runtime::to_traceparent(one->span.self));
  one->in_flight = session_.submit(std::move(request),
                                   [this, post = context_.post(), weak = std::weak_ptr(one)](http::response&& answer) {
                                     post([this, weak, held = std::make_shared<http::response>(std::move(answer))] {
                                       --in_flight_;
                                       if (const auto self = weak.lock()) ended(self, *held);
                                     });
                                   });
}

void scrape::ended(const active_ref& one, const http::response& answer) {
  one->in_flight = 0;
  if (finishing_) return;  // a scrape that the end has cut off says nothing about its target
  const scrape_report report{seconds(answer.duration), seconds(nanoseconds(one->what.timeout_ns)),
                             static_cast<double>(answer.body.size())};
  const auto failed = [&](std::string why, double bytes = 0) {
    auto without = report;
    without.body_bytes = bytes;
    return one->series.failed(std::move(why), one->timestamp_ms, without);
  };
  page_outcome outcome;
  const auto limit = static_cast<std::uint64_t>(arguments_->body_size_limit.bytes);
  const bool reached = answer.failure == http::failure_kind::too_large || answer.body.size() >= limit;
  if (limit > 0 && reached) {  // a page of just that size reaches it, too
    metrics_.exceeded_body_size.add();
    outcome = failed("body size limit exceeded", -1);
  } else if (!answer.ok()) {
    outcome = failed(answer.failure == http::failure_kind::too_large ? answer.error + "; raise body_size_limit"
                                                                     : answer.error);
  } else if (answer.status != 200) {
    outcome = failed("server returned HTTP status " + status_text(answer.status));
  } else if (answer.body.size() == 0) {  // of whatever format
    outcome = one->series.page("", exposition::format::prometheus_text, one->timestamp_ms, report, scratch_);
  } else if (const auto kind =
                 exposition::format_of(answer.header("Content-Type"), arguments_->scrape_fallback_protocol);
             !kind) {
    outcome = failed(kind.error().message);
  } else {
    outcome = one->series.page(answer.body.view(), *kind, one->timestamp_ms, report, scratch_);
  }
  publish_outcome(*one, std::move(outcome), report.duration_seconds);
  if (std::exchange(one->missed, false) && !one->leaves) begin(one, one->tick_ns);
}

void scrape::publish_outcome(active& one, page_outcome outcome, double duration) {
  const bool was_up = one.failures == 0;
  const runtime::work in_trace{one.span.self, {}};
  const auto took = duration_cast<nanoseconds>(std::chrono::duration<double>(duration));
  for (auto& batch : outcome.batches) {
    batch->context = one.span.self;
    out_.push(std::move(batch), {});
  }
  outside_.received += outcome.samples_scraped;
  metrics_.outcome(outcome);
  metrics_.duration.observe(duration);
  one.last_scrape_ms = one.timestamp_ms;
  one.last_duration = duration;
  one.last_samples = outcome.samples_scraped;
  one.scraped = true;
  if (outcome.error.empty()) {
    if (!was_up) {
      context_.publish(runtime::scrape_recovered{context_.id(), one.what.url, one.failures}, in_trace);
      if (!one.leaves) --down_;
    }
    one.failures = 0;
    context_.publish(runtime::scrape_finished{one.what.url, outcome.samples_scraped, took}, one.span);
  } else {
    if (was_up && !one.leaves) ++down_;
    ++one.failures;
    context_.publish(runtime::scrape_failed{context_.id(), one.what.url, outcome.error, took, was_up}, one.span);
  }
  one.last_error = std::move(outcome.error);
  if (was_up != (one.failures == 0) && !one.leaves) show_health();
}

/// A scrape that is under way still counts. Its series are marked stale when it is certain that nobody scrapes it any
/// more: not before the tick after its next.
void scrape::leave(active_ref one) {
  if (one->failures > 0) --down_;
  one->leaves = true;
  one->next.cancel();
  const auto wall = context_.shared().time.wall_ns();
  const auto stale_ns = one->when.next(wall);
  const auto fire_ns = stale_ns + one->what.interval_ns + one->what.interval_ns / 10;
  leaving gone{one, {}};
  gone.due = context_.after(nanoseconds(fire_ns - wall), [this, who = one.get(), stale_ns] {
    const auto at =
        std::find_if(leaving_.begin(), leaving_.end(), [&](const leaving& l) { return l.who.get() == who; });
    if (at == leaving_.end()) return;
    for (auto& batch : at->who->series.gone(stale_ns / 1'000'000))
      out_.push(std::move(batch), {});
    leaving_.erase(at);
  });
  leaving_.push_back(std::move(gone));
}

void scrape::show_health() {
  if (!limit_error_.empty()) return context_.set_health(runtime::health_state::unhealthy, limit_error_);
  if (!refused_.empty()) {
    return context_.set_health(runtime::health_state::unhealthy,
                               std::to_string(refused_.size()) + " targets can't be scraped, e.g. " +
                                   refused_.front().first + ": " + refused_.front().second);
  }
  if (down_ == 0) return context_.set_health(runtime::health_state::healthy, "");
  const auto first =
      std::find_if(targets_.begin(), targets_.end(), [](const auto& t) { return t.second->failures > 0; });
  std::string text = std::to_string(down_) + " of " + std::to_string(targets_.size()) + " targets are down";
  if (first != targets_.end()) text += ", e.g. " + first->second->what.url + ": " + first->second->last_error;
  context_.set_health(runtime::health_state::unhealthy, std::move(text));
}

namespace {

/// A target as the component API shows it.
struct shown_target {
  std::string job, url, health, last_error, last_scrape;
  std::chrono::nanoseconds last_scrape_duration{};
  std::uint64_t last_samples = 0;
  std::map<std::string, std::string> labels;
};
struct shown {
  std::vector<shown_target> targets;
};

const config::body_schema& shown_schema() {
  static const auto schema = [] {
    config::body_of<shown_target> one;
    one.attribute("job", &shown_target::job, "")
        .attribute("url", &shown_target::url, "")
        .attribute("health", &shown_target::health, "")
        .attribute("labels", &shown_target::labels, "")
        .attribute("last_error", &shown_target::last_error, "")
        .attribute("last_scrape", &shown_target::last_scrape, "")
        .attribute("last_scrape_duration", &shown_target::last_scrape_duration, "")
        .attribute("last_samples", &shown_target::last_samples, "");
    config::body_of<shown> all;
    all.blocks("target", &shown::targets, one, "");
    return all;
  }();
  return schema;
}

}  // namespace

std::string scrape::debug_info() const {
  shown all;
  const std::string job = arguments_->job_name.empty() ? context_.id() : arguments_->job_name;
  for (const auto& [key, one] : targets_) {
    shown_target target;
    target.job = std::string(one->what.labels.get("job"));
    target.url = one->what.url;
    target.health = !one->scraped ? "unknown" : one->failures == 0 ? "up" : "down";
    target.labels = {one->what.labels.begin(), one->what.labels.end()};
    target.last_error = one->last_error;
    target.last_scrape = one->scraped ? runtime::rfc3339(one->last_scrape_ms) : "";
    target.last_scrape_duration = nanoseconds(static_cast<std::int64_t>(one->last_duration * 1e9));
    target.last_samples = one->last_samples;
    all.targets.push_back(std::move(target));
  }
  for (const auto& [labels, reason] : refused_) {
    shown_target target;
    target.job = job;
    target.url = labels;
    target.health = "down";
    target.last_error = reason;
    all.targets.push_back(std::move(target));
  }
  return config::body_json(shown_schema(), &all);
}

void scrape::finish() {
  finishing_ = true;
  for (auto& [key, one] : targets_)
    one->next.cancel();
  leaving_.clear();
  session_.cancel_all();
}

}  // namespace troupe::prometheus
