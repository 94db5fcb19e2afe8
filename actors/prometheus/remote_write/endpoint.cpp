#include "actors/prometheus/remote_write/endpoint.hpp"

#include <algorithm>

#include "actors/prometheus/remote_write/write_request.hpp"
#include "protocol/http/url.hpp"
#include "protocol/remote_write/request.hpp"

namespace troupe::prometheus {

namespace {

using std::chrono::duration_cast;

delivery_settings settings_of(const remote_writing::queue_config& queue) {
  delivery_settings made;
  made.max_in_flight = static_cast<std::size_t>(queue.max_shards);
  made.probes = static_cast<std::size_t>(queue.min_shards);
  made.max_samples = static_cast<std::size_t>(queue.max_samples_per_send);
  made.deadline = queue.batch_send_deadline;
  made.min_backoff = queue.min_backoff;
  made.max_backoff = queue.max_backoff;
  made.sample_age_limit = queue.sample_age_limit;
  return made;
}

}  // namespace

endpoint::endpoint(runtime::component_context& context, std::string key, std::string name, batch_source& source,
                   sequence begin)
    : context_(context),
      key_(std::move(key)),
      name_(std::move(name)),
      source_(source),
      delivery_(delivery_settings{}),
      begin_(begin),
      wanted_(begin) {}

endpoint::~endpoint() {
  if (session_) context_.shared().http.cancel_all(session_);
}

result<void> endpoint::update(const remote_writing::endpoint_arguments& arguments,
                              const telemetry::label_set& external) {
  auto rules = troupe::relabel::rules::compile(arguments.write_relabel);
  if (!rules) return tl::unexpected(rules.error());
  if (!session_ || !(arguments.client == arguments_.client) || arguments.headers != arguments_.headers) {
    auto options = http_client::to_options(arguments.client);
    options.user_agent = context_.shared().user_agent;
    auto session = context_.shared().http.open(std::move(options));
    if (!session) return tl::unexpected(session.error());
    session_ = std::move(*session);
  }
  const bool steady = encoder_ && arguments.write_relabel == arguments_.write_relabel && external == external_ &&
                      arguments.queue.max_samples_per_send == arguments_.queue.max_samples_per_send;
  if (!steady) {
    encoder_ = std::make_unique<encoder>(external, std::move(*rules),
                                         static_cast<std::size_t>(arguments.queue.max_samples_per_send));
  }
  if (!metrics_ || arguments.url != arguments_.url) {
    metrics_.reset();
    metrics_ = std::make_unique<endpoint_metrics>(context_.metrics(), name_, http::redacted_url(arguments.url));
  }
  arguments_ = arguments;
  external_ = external;
  delivery_.set(settings_of(arguments.queue));
  metrics_->settings(static_cast<std::size_t>(arguments.queue.max_shards),
                     static_cast<std::size_t>(arguments.queue.min_shards),
                     static_cast<std::size_t>(arguments.queue.capacity),
                     static_cast<std::size_t>(arguments.queue.max_samples_per_send));
  if (!metadata_) metadata_ = std::make_unique<metadata_sender>(context_);
  metadata_->update(arguments_, session_, *encoder_, *metrics_);
  return {};
}

void endpoint::pump() {
  take();
  while (auto plan = delivery_.next(context_.now(), context_.wall_ms()))
    send(*plan);
  forget_done();
  metrics_->follow(delivery_);
  arm();
}

void endpoint::flush() {
  delivery_.flush();
  pump();
}

/// Reads on while the window has room: what is pending is bounded by the capacity of all shards.
void endpoint::take() {
  const auto capacity =
      static_cast<std::uint64_t>(arguments_.queue.capacity) * static_cast<std::uint64_t>(arguments_.queue.max_shards);
  while (delivery_.counts().pending < capacity) {
    auto entry = source_.read(wanted_);
    if (!entry) return;
    wanted_ = entry->number + 1;
    parcel next{entry->number, 0, 0, {}};
    held kept{entry->batch, nullptr};
    if (entry->batch) {
      kept.how = encoder_->encode(entry->batch->block);
      next.lane = entry->batch->block->lane();
      next.timestamp_ms = entry->batch->timestamp_ms;
      next.piece_samples = kept.how->piece_samples;
      metrics_->read(entry->batch->timestamp_ms);
      if (kept.how->dropped > 0) metrics_->dropped_by_rules.add(kept.how->dropped);
    }
    if (!next.piece_samples.empty()) window_.emplace_back(entry->number, std::move(kept));
    delivery_.offer(std::move(next), context_.now());
  }
}

std::shared_ptr<const std::string> endpoint::build(const request_plan& plan) {
  remote_write::request_builder request;
  for (const auto& [number, index] : plan.pieces) {
    const auto at = std::lower_bound(window_.begin(), window_.end(), number,
                                     [](const auto& one, sequence n) { return one.first < n; });
    const auto& from = at->second;
    request.add(from.how->steady, index, *from.batch, arguments_.send_exemplars);
  }
  if (request.exemplars() > 0) metrics_->exemplars.add(static_cast<double>(request.exemplars()));
  return std::make_shared<const std::string>(request.finish());
}

void endpoint::send(const request_plan& plan) {
  auto& body = bodies_[plan.number];
  if (!body || plan.changed) body = build(plan);
  std::int64_t newest = 0;
  for (const auto& [number, index] : plan.pieces) {
    const auto at = std::lower_bound(window_.begin(), window_.end(), number,
                                     [](const auto& one, sequence n) { return one.first < n; });
    newest = std::max(newest, at->second.batch->timestamp_ms);
  }
  context_.shared().http.submit(session_, write_request(arguments_, body, plan.attempt),
                                [this, post = context_.post(), alive = std::weak_ptr(life_), number = plan.number,
                                 samples = plan.samples, newest, attempt = plan.attempt](http::response&& answer) {
                                  post([=, this, held = std::make_shared<http::response>(std::move(answer))] {
                                    if (alive.lock()) answered(number, samples, newest, *held, attempt);
                                  });
                                });
}

void endpoint::answered(request_number number, std::uint64_t samples, std::int64_t newest_ms,
                        const http::response& answer, unsigned attempt) {
  const auto verdict = classify_answer(answer, arguments_.queue.retry_on_http_429, context_.wall_ms());
  const auto took = duration_cast<std::chrono::nanoseconds>(answer.duration);
  const auto body = bodies_.find(number);
  request_outcome outcome;
  switch (verdict.what) {
    case remote_write::verdict::kind::delivered: {
      const std::size_t bytes = body == bodies_.end() ? 0 : body->second->size();
      metrics_->sent(samples, bytes, std::chrono::duration<double>(took).count(), newest_ms);
      context_.publish(runtime::batch_delivered{context_.id(), name_, samples, bytes, took});
      trouble_.clear();
      break;
    }
    case remote_write::verdict::kind::retry:
      last_error_ = describe_answer(answer);
      trouble_ = last_error_;
      outcome.what = request_outcome::kind::retry;
      outcome.retry_after = verdict.after;
      context_.publish(runtime::batch_retried{context_.id(), name_, last_error_, answer.status, attempt + 1,
                                              verdict.after.value_or(clock_duration{})});
      break;
    case remote_write::verdict::kind::refused:
      last_error_ = describe_answer(answer);
      outcome.what = request_outcome::kind::refused;
      context_.publish(runtime::batch_dropped{context_.id(), name_, samples, "refused", last_error_});
      break;
  }
  if (outcome.what != request_outcome::kind::retry && body != bodies_.end()) bodies_.erase(body);
  delivery_.ended(number, outcome, context_.now());
  pump();
  if (on_progress) on_progress();
}

void endpoint::forget_done() {
  const auto done = done_before();
  while (!window_.empty() && window_.front().first < done)
    window_.pop_front();
}

void endpoint::arm() {
  const auto at = delivery_.wake_at(context_.now());
  wake_ = at ? context_.at(*at, [this] { pump(); }) : runtime::timer();
}

endpoint::report endpoint::describe() const {
  const auto& counts = delivery_.counts();
  return {name_,
          http::redacted_url(arguments_.url),
          delivery_.failing() ? "failing" : "ok",
          last_error_,
          counts.delivered,
          counts.refused,
          counts.retried,
          counts.pending,
          delivery_.in_flight()};
}

std::string endpoint::debug_json(const std::vector<report>& all) {
  struct info {
    std::vector<report> endpoints;
  };
  static const auto schema = [] {
    config::body_of<report> one;
    one.attribute("name", &report::name, "")
        .attribute("url", &report::url, "")
        .attribute("state", &report::state, "")
        .attribute("last_error", &report::last_error, "")
        .attribute("samples_delivered", &report::delivered, "")
        .attribute("samples_refused", &report::refused, "")
        .attribute("samples_retried", &report::retried, "")
        .attribute("samples_pending", &report::pending, "")
        .attribute("requests_in_flight", &report::in_flight, "");
    config::body_of<info> whole;
    whole.blocks("endpoint", &info::endpoints, one, "");
    return whole;
  }();
  const info content{all};
  return config::body_json(schema, &content);
}

}  // namespace troupe::prometheus
