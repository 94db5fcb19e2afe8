#include "actors/writer/delivery.hpp"

#include <algorithm>

namespace troupe::writer {

namespace {

constexpr auto before = [](const auto& one, sequence n) { return one.of.number < n; };

clock_duration scaled(clock_duration d, double by) {
  return clock_duration(static_cast<clock_duration::rep>(static_cast<double>(d.count()) * by));
}

}  // namespace

const delivery::held& delivery::at(sequence number) const {
  return *std::lower_bound(parcels_.begin(), parcels_.end(), number, before);
}
delivery::held& delivery::at(sequence number) {
  return *std::lower_bound(parcels_.begin(), parcels_.end(), number, before);
}

/// While the backend fails only a few are tried.
std::size_t delivery::allowed_in_flight() const {
  return failures_ > 0 ? std::min(settings_.probes, settings_.max_in_flight) : settings_.max_in_flight;
}

void delivery::offer(parcel one, time_point now) {
  next_ = one.number + 1;
  parcels_.push_back({std::move(one), 0, 0, now});
  const auto& fresh = parcels_.back();
  std::uint64_t size = 0;
  for (const auto& each : fresh.of.pieces)
    counts_.pending += each.items, counts_.pending_weight += each.weight, size += each.size;
  if (!fresh.of.pieces.empty()) {
    auto& its = lanes_[fresh.of.lane];
    its.parcels.push_back(fresh.of.number);
    its.waiting_size += size;
    if (its.open) ready_size_ += size;
    open(its);
  }
  pop_done();
}

/// If the lane has something to send now.
void delivery::open(lane& one) {
  const auto& first = at(one.parcels.front());
  if (one.open || first.next_piece == first.of.pieces.size()) return;
  one.open = true;
  ready_.insert(first.of.number);
  ready_size_ += one.waiting_size;
}

/// All of its first parcel is under way: what follows waits for that.
void delivery::shut(lane& one) {
  one.open = false;
  ready_.erase(one.parcels.front());
  ready_size_ -= one.waiting_size;
}

bool delivery::too_old(const parcel& one, std::int64_t wall_ms) const {
  using namespace std::chrono;
  return settings_.age_limit > clock_duration::zero() &&
         one.timestamp_ms < wall_ms - duration_cast<milliseconds>(settings_.age_limit).count();
}

std::optional<request_plan> delivery::next(time_point now, std::int64_t wall_ms) {
  if (flying_ >= allowed_in_flight()) return std::nullopt;
  if (auto again = retry(now, wall_ms)) return again;
  // While the backend fails nothing new is begun: what waits to be tried again is its probe.
  if (failures_ > 0 && !requests_.empty()) return std::nullopt;
  return fill(now, wall_ms);
}

std::optional<request_plan> delivery::retry(time_point now, std::int64_t wall_ms) {
  request_number chosen = 0;
  for (const auto& [number, one] : requests_) {
    if (one.flying || one.not_before > now) continue;
    if (chosen == 0 || one.not_before < requests_.at(chosen).not_before) chosen = number;
  }
  if (chosen == 0) return std::nullopt;
  auto& one = requests_.at(chosen);
  request_plan plan{chosen, one.attempt, {}, 0, one.route, false};
  std::vector<piece> old;
  std::erase_if(one.pieces, [&](const piece& p) {
    if (!too_old(at(p.number).of, wall_ms)) return false;
    old.push_back(p);
    return true;
  });
  for (const auto& p : old) {
    const auto& what = of(p);
    counts_.too_old += what.items;
    one.items -= what.items, one.size -= what.size;
    done(p);
  }
  if (one.pieces.empty()) {
    requests_.erase(chosen);
    pop_done();
    return next(now, wall_ms);
  }
  plan.changed = !old.empty();
  plan.pieces = one.pieces;
  plan.items = one.items;
  one.flying = true;
  ++flying_;
  counts_.retried += one.items;
  pop_done();
  return plan;
}

/// When the oldest of what is ready goes at the latest, full request or not. Something must be ready.
time_point delivery::due_at() const {
  const auto enough = settings_.min_size > 0 ? std::min(settings_.min_size, settings_.max_size) : settings_.max_size;
  return flushing_ || ready_size_ >= enough ? time_point::min() : at(*ready_.begin()).since + settings_.deadline;
}

/// What goes into the request next: the first parcel that is ready and takes its route.
std::optional<sequence> delivery::next_for(const filling& into) const {
  const auto fits = [&](sequence n) {
    const auto& from = at(n);
    return into.made.pieces.empty() || from.of.pieces[from.next_piece].route == into.made.route;
  };
  const auto ready = std::find_if(ready_.begin(), ready_.end(), fits);
  if (into.followers.empty() && ready == ready_.end()) return std::nullopt;
  if (ready == ready_.end()) return *into.followers.begin();
  return into.followers.empty() ? *ready : std::min(*ready, *into.followers.begin());
}

std::optional<request_plan> delivery::fill(time_point now, std::int64_t wall_ms) {
  filling into{{}, wall_ms, {}};
  auto& made = into.made;
  while (made.size < settings_.max_size) {
    // While all that was put was too old, the request is not begun yet.
    if (made.pieces.empty() && (ready_.empty() || due_at() > now)) break;
    const auto number = next_for(into);
    if (!number || !put(at(*number), into)) break;
    into.followers.erase(*number);
  }
  pop_done();
  if (made.pieces.empty()) return std::nullopt;
  made.flying = true;
  made.began = now;
  ++flying_;
  request_plan plan{++last_request_, 0, made.pieces, made.items, made.route, true};
  requests_.emplace(plan.number, std::move(made));
  return plan;
}

/// Puts the parcel's next pieces into the request; false: it is full before they all are in it. Those that are too old
/// are done with instead.
bool delivery::put(held& from, filling& into) {
  auto& its = lanes_.at(from.of.lane);
  const bool whole = from.next_piece == 0;
  const bool old = too_old(from.of, into.wall_ms);
  std::vector<piece> given_up;
  while (from.next_piece < from.of.pieces.size()) {
    const auto [items, size, route, weight] = from.of.pieces[from.next_piece];
    const bool begun = !into.made.pieces.empty();
    if (!old && begun && (route != into.made.route || into.made.size + size > settings_.max_size)) return false;
    const piece one{from.of.number, from.next_piece++};
    its.waiting_size -= size;
    if (its.open) ready_size_ -= size;
    if (old) {
      counts_.too_old += items;
      given_up.push_back(one);
    } else {
      into.made.pieces.push_back(one);
      into.made.route = route;
      into.made.items += items, into.made.size += size;
    }
  }
  if (its.open) shut(its);
  if (whole && !old) {
    const auto next = std::upper_bound(its.parcels.begin(), its.parcels.end(), from.of.number);
    if (next != its.parcels.end()) into.followers.insert(*next);
  }
  for (const auto& one : given_up)
    done(one);
  return true;
}

bool delivery::exhausted(const request& one, time_point now) const {
  return (settings_.max_retries > 0 && one.attempt > settings_.max_retries) ||
         (settings_.max_elapsed > clock_duration::zero() && now - one.began >= settings_.max_elapsed);
}

/// Until the next attempt: as long as the backend asked for, else longer with each failure.
void delivery::pause(request& one, const request_outcome& how, time_point now) {
  one.backoff = one.backoff == clock_duration::zero()
                    ? settings_.min_backoff
                    : std::min(scaled(one.backoff, settings_.multiplier), settings_.max_backoff);
  auto wait = one.backoff;
  if (how.retry_after && *how.retry_after > clock_duration::zero()) {
    wait = *how.retry_after;
    one.backoff = std::min(wait, settings_.max_backoff);
  } else if (settings_.randomization > 0) {
    std::uniform_real_distribution<double> share(1 - settings_.randomization, 1 + settings_.randomization);
    wait = scaled(one.backoff, share(random_));
  }
  one.not_before = now + wait;
}

void delivery::retry_now() {
  failures_ = 0;
  for (auto& [number, one] : requests_)
    one.not_before = {}, one.backoff = {};
}

bool delivery::ended(request_number number, const request_outcome& how, time_point now) {
  const auto found = requests_.find(number);
  if (found == requests_.end() || !found->second.flying) return true;
  auto& one = found->second;
  one.flying = false;
  --flying_;
  if (how.what == request_outcome::kind::retry) {
    ++failures_;
    ++one.attempt;
    if (!exhausted(one, now)) {
      pause(one, how, now);
      return false;
    }
    counts_.given_up += one.items;
  } else {
    failures_ = 0;
    const bool delivered = how.what == request_outcome::kind::delivered;
    const auto refused = delivered ? std::min(how.rejected, one.items) : one.items;
    counts_.refused += refused;
    counts_.delivered += one.items - refused;
  }
  for (const auto& p : one.pieces)
    done(p);
  requests_.erase(found);
  pop_done();
  return true;
}

void delivery::done(const piece& one) {
  auto& from = at(one.number);
  const auto& what = from.of.pieces[one.index];
  counts_.pending -= what.items, counts_.pending_weight -= what.weight;
  if (++from.done == from.of.pieces.size()) finish(from);
}

/// All of a parcel is done: what follows in its lane may go.
void delivery::finish(const held& one) {
  const auto its = lanes_.find(one.of.lane);
  auto& parcels = its->second.parcels;
  if (parcels.front() != one.of.number) return;  // of those before it in the same request one is not done yet
  do {
    parcels.pop_front();
  } while (!parcels.empty() && at(parcels.front()).done == at(parcels.front()).of.pieces.size());
  if (parcels.empty()) {
    lanes_.erase(its);
  } else {
    open(its->second);
  }
}

void delivery::pop_done() {
  while (!parcels_.empty() && parcels_.front().done == parcels_.front().of.pieces.size())
    parcels_.pop_front();
}

std::optional<time_point> delivery::wake_at(time_point now) const {
  if (flying_ >= allowed_in_flight()) return std::nullopt;  // an answer comes first
  std::optional<time_point> soonest;
  const auto consider = [&](time_point t) {
    soonest = std::min(soonest.value_or(time_point::max()), std::max(t, now));
  };
  for (const auto& [number, one] : requests_) {
    if (!one.flying) consider(one.not_before);
  }
  if (failures_ > 0 && !requests_.empty()) return soonest;
  if (!ready_.empty()) consider(due_at());
  return soonest;
}

}  // namespace troupe::writer
