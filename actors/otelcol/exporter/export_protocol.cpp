#include "actors/otelcol/exporter/export_protocol.hpp"

#include <algorithm>
#include <limits>

namespace troupe::otelcol {

namespace {

using telemetry::otlp_batch;
using telemetry::otlp_kind;

constexpr std::uint64_t most_answer_bytes = std::uint64_t{4} << 20;  // OTLP: what a client should read

std::uint32_t narrow(std::uint64_t n) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(n, std::numeric_limits<std::uint32_t>::max()));
}

writer::reply reply_of(const http::response& answer, const otlp::export_verdict& what) {
  using kind = otlp::export_verdict::kind;
  using outcome = writer::request_outcome::kind;
  writer::reply made;
  made.outcome.what = what.what == kind::delivered ? outcome::delivered
                      : what.what == kind::retry   ? outcome::retry
                                                   : outcome::refused;
  made.outcome.retry_after = what.after;
  made.outcome.rejected = what.rejected;
  made.words = what.words.empty() && what.rejected > 0
                   ? "the backend rejected " + std::to_string(what.rejected) + " items"
                   : what.words;
  made.reason = what.what == kind::delivered ? "rejected" : "refused";
  made.status = what.code > 0 ? what.code : answer.status;
  made.took = answer.duration;
  return made;
}

/// No answer at all: the backend may come back.
writer::reply no_answer(const http::response& answer) {
  writer::reply made;
  made.outcome.what = writer::request_outcome::kind::retry;
  made.words = answer.error;
  made.reason = "refused";
  made.took = answer.duration;
  return made;
}

}  // namespace

export_protocol::export_protocol(runtime::component_context& context, transport over)
    : context_(context),
      metrics_(context.metrics(), context.id()),
      durations_(std::make_shared<call_durations>(context.metrics(), over)),
      session_(context.shared()) {}

result<void> export_protocol::check(runtime::services& shared, http::client_options options,
                                    const auth::handler_ref& as) {
  http_client::own_session session(shared);
  return open(session, std::move(options), as);
}

result<void> export_protocol::open(http_client::own_session& session, http::client_options options,
                                   const auth::handler_ref& as) {
  if (as.to) {
    if (const auto ok = as.to->prepare(options); !ok) return failure("auth: " + ok.error().message);
  }
  return session.open(std::move(options));
}

result<void> export_protocol::open(http::client_options options, const auth::handler_ref& as) {
  if (const auto ok = open(session_, std::move(options), as); !ok) return ok;
  auth_ = as;
  return {};
}

void export_protocol::set(const exporting::sending_queue& queue) {
  queue_ = queue;
  metrics_.capacity(static_cast<std::uint64_t>(queue.queue_size));
}

/// What is larger than a request may be, in parts; null: it goes whole.
std::shared_ptr<const export_protocol::message_parts> export_protocol::split(const telemetry::otlp_batch& in) const {
  const auto* how = queue_.batches();
  if (!how || how->max_size == 0) return nullptr;
  const auto unit = how->sizer == "bytes" ? otlp::size_unit::bytes : otlp::size_unit::items;
  const auto most = static_cast<std::uint64_t>(how->max_size);
  if ((unit == otlp::size_unit::bytes ? in.message.size() : in.count) <= most) return nullptr;
  auto parts = otlp::split(in.what, in.message, unit, most);
  std::uint64_t items = 0;
  for (const auto& one : parts)
    items += one.items;
  if (parts.empty() || items != in.count) return nullptr;  // it is not what it says it is
  return std::make_shared<const message_parts>(std::move(parts));
}

/// Its size is what bounds a request, its weight what bounds the queue: one of requests weighs on a batch's last piece.
writer::amount export_protocol::amount_of(otlp_kind what, std::uint64_t items, std::size_t bytes, bool last) const {
  const auto* how = queue_.batches();
  const auto size = !how ? 1 : how->sizer == "bytes" ? bytes : items;
  const auto weight = !queue_.enabled || queue_.sizer == "requests" ? (last ? 1 : 0)
                      : queue_.sizer == "items"                     ? items
                                                                    : bytes;
  return {narrow(items), narrow(size), static_cast<std::uint32_t>(what), narrow(weight)};
}

/// The order of requests does not matter.
writer::prepared export_protocol::prepare(const telemetry::batch_ref& batch) {
  const auto& in = static_cast<const otlp_batch&>(*batch);
  writer::prepared made;
  made.timestamp_ms = context_.wall_ms();
  if (in.message.empty()) return made;
  if (auto parts = split(in)) {
    for (const auto& one : *parts)
      made.pieces.push_back(amount_of(in.what, one.items, one.message.size(), &one == &parts->back()));
    made.how = std::move(parts);
  } else {
    made.pieces = {amount_of(in.what, in.count, in.message.size(), true)};
  }
  return made;
}

writer::body_ref export_protocol::build(std::span<const writer::part> parts) {
  std::string message;
  auto what = otlp_kind::traces;
  for (const auto& one : parts) {
    const auto& in = static_cast<const otlp_batch&>(*one.of);
    const auto* split = static_cast<const message_parts*>(one.how);
    message += split != nullptr ? (*split)[one.piece].message : in.message;
    what = in.what;
  }
  const auto form = form_now();
  return std::make_shared<const writer::request_body>(
      writer::request_body{encode(what, form, std::move(message)), form});
}

void export_protocol::send(writer::body_ref body, std::uint32_t route, unsigned, when_done done) {
  auto what = request(static_cast<otlp_kind>(route), body->form);
  if (auth_.to) auth_.to->prepare(what.headers);
  what.method = "POST";
  what.body = writer::bytes_of(body);
  what.max_body_bytes = most_answer_bytes;
  session_.submit(std::move(what), [done = std::move(done), read = classify(), durations = durations_,
                                    &time = context_.shared().time](const http::response& answer) {
    const bool answered = answer.ok() || answer.failure == http::failure_kind::too_large;
    if (!answered) {
      durations->add(std::nullopt, answer.duration);
      return done(no_answer(answer));
    }
    const auto verdict = read(answer, time.wall_ms());
    durations->add(durations->over() == transport::grpc ? verdict.code : answer.status, answer.duration);
    done(reply_of(answer, verdict));
  });
}

void export_protocol::on_delivered(const writer::delivered_request& what) {
  metrics_.sent(static_cast<otlp_kind>(what.route), what.items);
}

void export_protocol::on_dropped(const writer::request_body&, std::uint32_t route, std::uint64_t items,
                                 const writer::reply&) {
  metrics_.failed(static_cast<otlp_kind>(route), items);
}

}  // namespace troupe::otelcol
