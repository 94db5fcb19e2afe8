#include "actors/prometheus/remote_write/metadata_sender.hpp"

#include <algorithm>
#include <utility>

#include "actors/prometheus/remote_write/write_request.hpp"
#include "actors/writer/http_reply.hpp"
#include "protocol/http/url.hpp"
#include "protocol/remote_write/request.hpp"

namespace troupe::prometheus {

namespace {

/// The first round comes soon, so that a new series is described while it is looked at.
constexpr std::chrono::nanoseconds first_round = std::chrono::seconds(10);

/// One message at a time, at once; after a failure as the queue's own requests.
writer::delivery_settings delivery_of(const remote_writing::queue_config& queue) {
  writer::delivery_settings made;
  made.max_in_flight = 1;
  made.max_size = 1;
  made.min_backoff = queue.min_backoff;
  made.max_backoff = queue.max_backoff;
  return made;
}

}  // namespace

metadata_sender::metadata_sender(runtime::component_context& context, std::string name, transport send)
    : context_(context), name_(std::move(name)), shown_name_(name_ + " (metadata)"), send_(std::move(send)) {
  drop_round();
}

void metadata_sender::update(const remote_writing::endpoint_arguments& arguments, std::shared_ptr<const encoder> from) {
  const auto before = std::exchange(arguments_, arguments);
  from_ = std::move(from);
  if (!before || before->url != arguments.url) {  // what is under way belongs to another backend
    drop_round();
    metrics_.reset();
    metrics_ = std::make_unique<metadata_metrics>(context_.metrics(), name_, http::redacted_url(arguments.url));
  }
  delivery_.set(delivery_of(arguments.queue));
  if (!arguments.metadata.send) {
    next_round_.cancel();
    drop_round();
  } else if (!before) {
    next_round_ = context_.after(std::min(first_round, arguments.metadata.send_interval), [this] { begin(); });
  } else if (before->metadata != arguments.metadata) {
    next_round_ = context_.after(arguments.metadata.send_interval, [this] { begin(); });
  }
}

void metadata_sender::drop_round() {
  life_ = std::make_shared<const bool>(true);
  again_.cancel();
  messages_.clear();
  delivery_ = writer::delivery(arguments_ ? delivery_of(arguments_->queue) : writer::delivery_settings{});
}

void metadata_sender::begin() {
  next_round_ = context_.after(arguments_->metadata.send_interval, [this] { begin(); });
  if (!delivery_.idle()) return;
  const auto families = from_->families();
  const auto most = static_cast<std::size_t>(arguments_->metadata.max_samples_per_send);
  for (std::size_t first = 0; first < families.size(); first += most) {
    const std::size_t count = std::min(most, families.size() - first);
    std::vector<const telemetry::metric_family*> some;
    for (std::size_t i = first; i < first + count; ++i)
      some.push_back(families[i].get());
    messages_[++last_] = {std::make_shared<const std::string>(remote_write::encode_metadata(some)), count};
    delivery_.offer({last_, 0, context_.wall_ms(), {{static_cast<std::uint32_t>(count), 1}}}, context_.now());
  }
  pump();
}

void metadata_sender::pump() {
  while (const auto plan = delivery_.next(context_.now(), context_.wall_ms()))
    send(*plan);
  const auto at = delivery_.wake_at(context_.now());
  again_ = at ? context_.at(*at, [this] { pump(); }) : runtime::timer();
}

void metadata_sender::send(const writer::request_plan& plan) {
  if (plan.attempt > 0) metrics_->retried(plan.items);
  send_(write_request(*arguments_, messages_.at(plan.pieces.front().number).body, plan.attempt),
        [this, plan, post = context_.post(), alive = std::weak_ptr(life_)](http::response&& answer) {
          post([=, this, held = std::make_shared<http::response>(std::move(answer))] {
            if (alive.lock()) answered(plan, *held);
          });
        });
}

void metadata_sender::answered(const writer::request_plan& plan, const http::response& answer) {
  const auto how = writer::reply_of(
      answer, writer::classify_answer(answer, arguments_->queue.retry_on_http_429, context_.wall_ms()));
  const auto number = plan.pieces.front().number;
  const bool over = delivery_.ended(plan.number, how.outcome, context_.now());
  if (how.outcome.what == writer::request_outcome::kind::delivered) {
    metrics_->sent(plan.items, messages_.at(number).body->size());
    if (const auto failures = outage_.over()) context_.publish(runtime::endpoint_recovered{shown_name_, *failures});
  } else {
    if (over) metrics_->failed(plan.items);
    tell_failed(plan, how, over);
  }
  if (over) messages_.erase(number);
  pump();
}

/// What is not worth a line is counted and no more.
void metadata_sender::tell_failed(const writer::request_plan& plan, const writer::reply& how, bool over) {
  if (samples_fail_) return;
  const auto [told, untold] = outage_.failed(context_.now(), how.outcome.what == writer::request_outcome::kind::retry);
  if (!told) return;
  if (over) {
    context_.publish(
        runtime::batch_dropped{context_.id(), shown_name_, plan.items, how.reason, how.words, untold, told});
  } else {
    context_.publish(
        runtime::batch_retried{context_.id(), shown_name_, how.words, how.status, plan.attempt + 1, untold, told});
  }
}

}  // namespace troupe::prometheus
