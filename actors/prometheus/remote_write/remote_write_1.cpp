#include "actors/prometheus/remote_write/remote_write_1.hpp"

#include "actors/http_client/headers.hpp"
#include "actors/prometheus/remote_write/write_request.hpp"
#include "actors/writer/http_reply.hpp"
#include "protocol/http/url.hpp"
#include "protocol/remote_write/request.hpp"

namespace troupe::prometheus {

namespace {

struct sample_request : writer::request_body {
  std::uint64_t exemplars = 0;
};

double exemplars_in(const writer::request_body& of) {
  return static_cast<double>(static_cast<const sample_request&>(of).exemplars);
}

}  // namespace

writer::endpoint_settings settings_of(const remote_writing::queue_config& queue) {
  writer::endpoint_settings made;
  made.delivery.max_in_flight = static_cast<std::size_t>(queue.max_shards);
  made.delivery.probes = static_cast<std::size_t>(queue.min_shards);
  made.delivery.max_size = static_cast<std::uint64_t>(queue.max_samples_per_send);
  made.delivery.deadline = queue.batch_send_deadline;
  made.delivery.min_backoff = queue.min_backoff;
  made.delivery.max_backoff = queue.max_backoff;
  made.delivery.age_limit = queue.sample_age_limit;
  // What is pending is bounded by the capacity of all shards.
  made.max_pending = static_cast<std::uint64_t>(queue.capacity) * static_cast<std::uint64_t>(queue.max_shards);
  return made;
}

result<void> remote_write_1::update(const remote_writing::endpoint_arguments& arguments,
                                    const telemetry::label_set& external) {
  auto rules = troupe::relabel::rules::compile(arguments.write_relabel);
  if (!rules) return tl::unexpected(rules.error());
  if (!session_.is_open() || !(arguments.client == arguments_.client) || arguments.headers != arguments_.headers) {
    auto options =
        http_client::identified(http_client::to_options(arguments.client), context_.shared(), arguments.headers);
    if (auto ok = session_.open(std::move(options)); !ok) return ok;
  }
  const bool steady = encoder_ && arguments.write_relabel == arguments_.write_relabel && external == external_ &&
                      arguments.queue.max_samples_per_send == arguments_.queue.max_samples_per_send;
  if (!steady) {
    encoder_ = std::make_shared<encoder>(external, std::move(*rules),
                                         static_cast<std::size_t>(arguments.queue.max_samples_per_send));
  }
  if (!metrics_ || arguments.url != arguments_.url) {
    metrics_.reset();
    metrics_ = std::make_unique<endpoint_metrics>(context_.metrics(), name_, http::redacted_url(arguments.url));
  }
  arguments_ = arguments;
  external_ = external;
  metrics_->settings(static_cast<std::size_t>(arguments.queue.max_shards),
                     static_cast<std::size_t>(arguments.queue.min_shards),
                     static_cast<std::size_t>(arguments.queue.capacity),
                     static_cast<std::size_t>(arguments.queue.max_samples_per_send));
  metadata_.update(arguments_, encoder_);
  return {};
}

writer::prepared remote_write_1::prepare(const telemetry::batch_ref& batch) {
  const auto& in = static_cast<const telemetry::metrics_batch&>(*batch);
  const auto encoded = encoder_->encode(in.block);
  metrics_->read(in.timestamp_ms);
  if (encoded->dropped > 0) metrics_->dropped_by_rules.add(encoded->dropped);
  return {in.block->lane(), in.timestamp_ms, encoded->pieces, encoded};
}

writer::body_ref remote_write_1::build(std::span<const writer::part> parts) {
  remote_write::request_builder request;
  for (const auto& [batch, how, piece] : parts) {
    request.add(static_cast<const encoded_block*>(how)->steady, piece,
                static_cast<const telemetry::metrics_batch&>(*batch), arguments_.send_exemplars);
  }
  auto made = std::make_shared<sample_request>();
  made->exemplars = request.exemplars();
  made->bytes = request.finish();
  return made;
}

void remote_write_1::send(writer::body_ref body, std::uint32_t, unsigned attempt, when_done done) {
  if (attempt > 0) metrics_->exemplars_retried.add(exemplars_in(*body));
  session_.submit(write_request(arguments_, writer::bytes_of(body), attempt),
                  [done = std::move(done), retry_on_429 = arguments_.queue.retry_on_http_429,
                   &time = context_.shared().time](const http::response& answer) {
                    done(writer::reply_of(answer, writer::classify_answer(answer, retry_on_429, time.wall_ms())));
                  });
}

std::string remote_write_1::url() const {
  return http::redacted_url(arguments_.url);
}

void remote_write_1::on_delivered(const writer::delivered_request& what) {
  metrics_->sent(what.items, what.bytes, std::chrono::duration<double>(what.took).count(), what.newest_ms);
  metrics_->exemplars.add(exemplars_in(*what.body));
}

void remote_write_1::on_dropped(const writer::request_body& body, std::uint32_t, std::uint64_t, const writer::reply&) {
  metrics_->exemplars_failed.add(exemplars_in(body));
}

void remote_write_1::on_change(const writer::delivery& now) {
  metrics_->follow(now);
  metadata_.samples_fail(now.failing());
}

}  // namespace troupe::prometheus
