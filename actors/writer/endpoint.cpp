#include "actors/writer/endpoint.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "actors/runtime/own_metrics.hpp"
#include "config/schema.hpp"

namespace troupe::writer {

namespace {

/// To delivery each lane of a batch is a parcel: its number is the record's, with the parcel's place in these bits.
constexpr unsigned lane_bits = 10;

}  // namespace

endpoint::endpoint(runtime::component_context& context, std::string key, std::string name,
                   std::unique_ptr<protocol> how, std::unique_ptr<batch_source> source, sequence begin)
    : context_(context),
      key_(std::move(key)),
      name_(std::move(name)),
      source_(std::move(source)),
      protocol_(std::move(how)),
      delivery_(delivery_settings{}, std::hash<std::string>()(key_) ^ static_cast<std::uint64_t>(context.wall_ms())),
      wanted_(begin) {}

endpoint::~endpoint() = default;

void endpoint::set(const endpoint_settings& settings) {
  settings_ = settings;
  delivery_.set(settings.delivery);
  if (!settings.drop_on_overflow) overflows_from_.reset();
}

void endpoint::moved() {
  delivery_.retry_now();
  trouble_.clear();
  last_error_.clear();
}

void endpoint::pump() {
  take();
  while (auto plan = delivery_.next(context_.now(), context_.wall_ms()))
    send(*plan);
  forget_done();
  protocol_->on_change(delivery_);
  arm();
}

void endpoint::finish() {
  delivery_.flush();
  drain_timer_ = context_.after(settings_.drain, [this] { drained_ = true; });
  pump();
}

bool endpoint::finished(sequence end) const {
  return drained_ || done_before() >= end || (in_flight() == 0 && !trouble_.empty());
}

sequence endpoint::done_before() const {
  return delivery_.idle() ? wanted_ : delivery_.done_before() >> lane_bits;
}

/// Reads on while the window has room.
void endpoint::take() {
  while (protocol_->ready(delivery_)) {
    const bool full = delivery_.counts().pending_weight >= settings_.max_pending;
    if (full && !(overflows_from_ && wanted_ >= *overflows_from_)) return;
    auto read = source_->read(wanted_);
    if (!read) return stalled("journal: " + read.error().message);
    if (!*read) {
      // From here on it keeps up: what it has no room for now is new.
      if (settings_.drop_on_overflow && !overflows_from_) overflows_from_ = wanted_;
      return;
    }
    auto& entry = **read;
    wanted_ = entry.number + 1;
    if (entry.missing > 0) {
      tell_unreadable(entry.missing, std::to_string(entry.missing) + " records before record " +
                                         std::to_string(entry.number) + " can't be read any more");
    }
    if (!entry.batch) {
      tell_unreadable(1, "record " + std::to_string(entry.number) + ": " + entry.damage);
    } else if (full) {
      drop(entry);
    } else {
      offer(std::move(entry));
    }
  }
}

void endpoint::offer(batch_source::entry one) {
  auto next = protocol_->prepare(one.batch);
  if (next.pieces.empty()) return;
  const auto lane_of = [&](std::size_t piece) {
    return next.lanes.empty() ? next.lane.value_or(one.number) : next.lanes[piece];
  };
  std::uint32_t begin = 0;
  for (sequence nth = 0; begin < next.pieces.size(); ++nth) {
    auto end = begin + 1;
    while (end < next.pieces.size() && lane_of(end) == lane_of(begin))
      ++end;
    const auto number = (one.number << lane_bits) + nth;
    window_.push_back({number, one.batch, next.how, next.timestamp_ms, begin});
    delivery_.offer(
        {number, lane_of(begin), next.timestamp_ms, {next.pieces.begin() + begin, next.pieces.begin() + end}},
        context_.now());
    begin = end;
  }
}

/// There is no room for it, and it is not to wait on the disk.
void endpoint::drop(const batch_source::entry& one) {
  const auto next = protocol_->prepare(one.batch);
  reply why;
  why.words = "the queue is full";
  why.reason = "queue_is_full";
  why.outcome.what = request_outcome::kind::refused;
  std::map<std::uint32_t, std::pair<std::vector<part>, std::uint64_t>> by_route;
  for (std::uint32_t i = 0; i < next.pieces.size(); ++i) {
    auto& [parts, items] = by_route[next.pieces[i].route];
    parts.push_back({one.batch.get(), next.how.get(), i});
    items += next.pieces[i].items;
  }
  for (const auto& [route, dropped] : by_route) {
    const auto& [parts, items] = dropped;
    flight what{protocol_->build(parts), route, next.timestamp_ms, one.batch->self_telemetry, {}};
    if (one.batch->context.sampled && !what.self_telemetry) what.traces.push_back(one.batch->context);
    delivery_.overflow(items);
    tell_dropped(what, items, why, overflow_.failed(context_.now(), false));
  }
  stalled(std::move(why.words));
}

/// It can't read on for now, or not all of it.
void endpoint::stalled(std::string why) {
  if (trouble_ == why) return;
  last_error_ = trouble_ = std::move(why);
  if (on_progress) on_progress();
}

/// Records that are gone from the disk, or make no sense: they are counted, and those after them go on.
void endpoint::tell_unreadable(std::uint64_t records, std::string what) {
  last_error_ = std::move(what);
  protocol_->on_unreadable(records);
  context_.metrics()
      .counter("troupe_journal_unreadable_records_total", "Records that could not be read or decoded and were skipped.",
               {{"endpoint", name_}})
      .add(static_cast<double>(records));
  if (unreadable_.failed(context_.now()).worth_a_line) context_.publish(runtime::journal_damaged{key_, last_error_, 0});
}

const endpoint::held& endpoint::at(sequence number) const {
  return *std::lower_bound(window_.begin(), window_.end(), number,
                           [](const held& one, sequence n) { return one.number < n; });
}

endpoint::flight endpoint::make_flight(const request_plan& plan) {
  flight made;
  made.self_telemetry = true;
  std::vector<part> parts;
  parts.reserve(plan.pieces.size());
  sequence last = 0;
  for (const auto& [number, index] : plan.pieces) {
    const auto& from = at(number);
    parts.push_back({from.batch.get(), from.how.get(), from.first_piece + index});
    if (std::exchange(last, number >> lane_bits) == number >> lane_bits) continue;
    made.newest_ms = std::max(made.newest_ms, from.timestamp_ms);
    made.self_telemetry = made.self_telemetry && from.batch->self_telemetry;
    if (from.batch->context.sampled && !from.batch->self_telemetry) made.traces.push_back(from.batch->context);
  }
  made.body = protocol_->build(parts);
  made.route = plan.route;
  return made;
}

void endpoint::send(const request_plan& plan) {
  auto& what = flights_[plan.number];
  if (!what.body || plan.changed) what = make_flight(plan);
  protocol_->send(what.body, plan.route, plan.attempt,
                  [this, post = context_.post(), alive = std::weak_ptr(life_), number = plan.number, items = plan.items,
                   attempt = plan.attempt](reply how) {
                    post([=, this, held = std::make_shared<reply>(std::move(how))] {
                      if (alive.lock()) answered(number, items, attempt, *held);
                    });
                  });
}

void endpoint::answered(request_number number, std::uint64_t items, unsigned attempt, const reply& how) {
  const auto found = flights_.find(number);
  if (found == flights_.end()) return;
  const auto& what = found->second;
  protocol_->on_answered(*what.body, what.route, how);
  const bool over = delivery_.ended(number, how.outcome, context_.now());
  if (how.outcome.what == request_outcome::kind::delivered) {
    const auto rejected = std::min(how.outcome.rejected, items);
    protocol_->on_delivered(
        {items - rejected, what.body->bytes.size(), what.newest_ms, how.took, what.route, what.body.get()});
    tell_delivered(what, items - rejected, how);
    if (rejected > 0) tell_failed(what, rejected, attempt, how, true);
  } else {
    tell_failed(what, items, attempt, how, over);
  }
  if (over) flights_.erase(found);
  pump();
  if (on_progress) on_progress();
}

void endpoint::tell_delivered(const flight& what, std::uint64_t items, const reply& how) {
  trouble_.clear();
  if (const auto failures = outage_.over()) context_.publish(runtime::endpoint_recovered{name_, *failures});
  const runtime::batch_delivered event{context_.id(), name_, items, what.body->bytes.size(), how.took};
  if (what.traces.empty()) context_.publish(event, {}, what.self_telemetry);
  for (const auto& one : what.traces)  // each batch's own trace shows how it ended
    context_.publish(event, context_.tracing().part_of(one));
}

runtime::work endpoint::during(const flight& what) {
  return {what.traces.empty() ? telemetry::trace_context{} : what.traces.front(), {}};
}

/// What is worth a line is told even where it was done for own telemetry.
void endpoint::tell_failed(const flight& what, std::uint64_t items, unsigned attempt, const reply& how, bool over) {
  last_error_ = trouble_ = how.words;
  if (over) {  // that something is lost is told beside that something fails
    outage_.count();
    return tell_dropped(what, items, how, drops_.failed(context_.now(), false));
  }
  const auto& [told, untold] = outage_.failed(context_.now());
  context_.publish(runtime::batch_retried{context_.id(), name_, how.words, how.status, attempt + 1, untold, told},
                   during(what), what.self_telemetry && !told);
}

void endpoint::tell_dropped(const flight& what, std::uint64_t items, const reply& how,
                            const outage::telling& how_loud) {
  const auto& [told, untold] = how_loud;
  protocol_->on_dropped(*what.body, what.route, items, how);
  context_.publish(runtime::batch_dropped{context_.id(), name_, items, how.reason, how.words, untold, told},
                   during(what), what.self_telemetry && !told);
}

void endpoint::forget_done() {
  while (!window_.empty() && (delivery_.idle() || window_.front().number < delivery_.done_before()))
    window_.pop_front();
  if (flights_.size() > delivery_.requests()) {  // some waited until all they had was too old
    std::erase_if(flights_, [this](const auto& one) { return !delivery_.holds(one.first); });
  }
}

void endpoint::arm() {
  const auto at = delivery_.wake_at(context_.now());
  wake_ = at ? context_.at(*at, [this] { pump(); }) : runtime::timer();
}

endpoint::report endpoint::describe() const {
  const auto& counts = delivery_.counts();
  return {name_,           protocol_->url(),     delivery_.failing() ? "failing" : "ok",
          last_error_,     counts.delivered,     counts.refused,
          counts.given_up, counts.overflowed,    counts.retried,
          counts.pending,  delivery_.in_flight()};
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
        .attribute("items_delivered", &report::delivered, "")
        .attribute("items_refused", &report::refused, "")
        .attribute("items_given_up", &report::given_up, "")
        .attribute("items_overflowed", &report::overflowed, "")
        .attribute("items_retried", &report::retried, "")
        .attribute("items_pending", &report::pending, "")
        .attribute("requests_in_flight", &report::in_flight, "");
    config::body_of<info> whole;
    whole.blocks("endpoint", &info::endpoints, one, "");
    return whole;
  }();
  const info content{all};
  return config::body_json(schema, &content);
}

}  // namespace troupe::writer
