#include "actors/prometheus/remote_write/metadata_sender.hpp"

#include <algorithm>

#include "actors/prometheus/remote_write/write_request.hpp"
#include "protocol/remote_write/request.hpp"
#include "actors/writer/http_reply.hpp"

namespace troupe::prometheus {

namespace {

/// The first round comes soon, so that a new series is described while it is looked at.
constexpr std::chrono::nanoseconds first_round = std::chrono::seconds(10);

}  // namespace

void metadata_sender::update(const remote_writing::endpoint_arguments& arguments, const encoder& from,
                             endpoint_metrics& metrics) {
  const bool fresh = arguments_ == nullptr;
  arguments_ = &arguments;
  from_ = &from;
  metrics_ = &metrics;
  if (!arguments.metadata.send) {
    next_round_.cancel();
    waiting_.clear();
  } else if (fresh) {
    next_round_ = context_.after(std::min(first_round, arguments.metadata.send_interval), [this] { begin(); });
  } else {
    next_round_ = context_.after(arguments.metadata.send_interval, [this] { begin(); });
  }
}

void metadata_sender::begin() {
  next_round_ = context_.after(arguments_->metadata.send_interval, [this] { begin(); });
  ++round_;
  waiting_.clear();
  again_.cancel();
  backoff_ = arguments_->queue.min_backoff;
  const auto families = from_->families();
  const auto most = static_cast<std::size_t>(arguments_->metadata.max_samples_per_send);
  for (std::size_t first = 0; first < families.size(); first += most) {
    const std::size_t count = std::min(most, families.size() - first);
    std::vector<const telemetry::metric_family*> some;
    for (std::size_t i = first; i < first + count; ++i)
      some.push_back(families[i].get());
    waiting_.push_back({std::make_shared<const std::string>(remote_write::encode_metadata(some)), count});
  }
  send_next();
}

void metadata_sender::send_next() {
  if (waiting_.empty()) return;
  session_.submit(
      write_request(*arguments_, waiting_.back().body, 0),
      [this, post = context_.post(), alive = std::weak_ptr(life_), round = round_](http::response&& answer) {
        post([=, this, held = std::make_shared<http::response>(std::move(answer))] {
          if (alive.lock() && round == round_) answered(*held);
        });
      });
}

void metadata_sender::answered(const http::response& answer) {
  if (waiting_.empty()) return;
  const auto entries = static_cast<double>(waiting_.back().entries);
  const auto verdict = writer::classify_answer(answer, arguments_->queue.retry_on_http_429, context_.wall_ms());
  if (verdict.what == http::verdict::kind::retry) {
    metrics_->metadata_retried.add(entries);
    again_ = context_.after(
        std::max<std::chrono::nanoseconds>(backoff_, verdict.after.value_or(std::chrono::milliseconds(0))),
        [this] { send_next(); });
    backoff_ = std::min(2 * backoff_, arguments_->queue.max_backoff);
    return;
  }
  if (verdict.what == http::verdict::kind::delivered) {
    metrics_->metadata.add(entries);
    metrics_->metadata_bytes.add(static_cast<double>(waiting_.back().body->size()));
  } else {
    metrics_->metadata_failed.add(entries);
  }
  waiting_.pop_back();
  send_next();
}

}  // namespace troupe::prometheus
