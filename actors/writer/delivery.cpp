#include "actors/writer/delivery.hpp"

#include <algorithm>
#include <numeric>

namespace troupe::writer {

namespace {

std::uint64_t size_of(const parcel& one) {
  return std::accumulate(one.pieces.begin(), one.pieces.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const amount& a) { return sum + a.size; });
}

/// Between -1 and 1, the same for the same attempt of the same request.
double scatter(std::uint64_t request, unsigned attempt) {
  std::uint64_t x = request * 0x9e3779b97f4a7c15 + attempt;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-52 - 1;
}

constexpr auto before = [](const auto& one, sequence n) { return one.of.number < n; };

}  // namespace

delivery::held& delivery::at(sequence number) {
  return *std::lower_bound(parcels_.begin(), parcels_.end(), number, before);
}

void delivery::offer(parcel one, time_point now) {
  next_ = one.number + 1;
  parcels_.push_back({std::move(one), 0, 0, now});
  const auto& fresh = parcels_.back();
  for (const auto& each : fresh.of.pieces)
    counts_.pending += each.items, counts_.pending_size += each.size;
  if (!fresh.of.pieces.empty()) {
    auto& its = lanes_[fresh.of.lane];
    its.parcels.push_back(fresh.of.number);
    its.waiting_size += size_of(fresh.of);
    if (its.ready) ready_size_ += size_of(fresh.of);
    look_at(its);
  }
  pop_done();
}

/// Whether the lane has something to send now.
void delivery::look_at(lane& one) {
  if (one.ready || one.parcels.empty()) return;
  const auto& first = at(one.parcels.front());
  if (first.next_piece == first.of.pieces.size()) return;  // all of it is under way
  one.ready = true;
  ready_.insert(first.of.number);
  ready_size_ += one.waiting_size;
}

bool delivery::too_old(const parcel& one, std::int64_t wall_ms) const {
  using namespace std::chrono;
  return settings_.age_limit > clock_duration::zero() &&
         one.timestamp_ms < wall_ms - duration_cast<milliseconds>(settings_.age_limit).count();
}

std::optional<request_plan> delivery::next(time_point now, std::int64_t wall_ms) {
  const std::size_t allowed =
      failures_ > 0 ? std::min(settings_.probes, settings_.max_in_flight) : settings_.max_in_flight;
  if (flying_ >= allowed) return std::nullopt;
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
  request_plan plan{chosen, one.attempt, {}, 0, false};
  std::vector<piece> old;
  std::erase_if(one.pieces, [&](const piece& p) {
    if (!too_old(at(p.number).of, wall_ms)) return false;
    old.push_back(p);
    return true;
  });
  for (const auto& p : old) {
    const auto& [items, size] = of(p);
    counts_.too_old += items;
    one.items -= items, one.size -= size;
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

bool delivery::due(time_point now) {
  return flushing_ || ready_size_ >= settings_.max_size || now - at(*ready_.begin()).since >= settings_.deadline;
}

std::optional<request_plan> delivery::fill(time_point now, std::int64_t wall_ms) {
  if (ready_.empty() || !due(now)) return std::nullopt;
  filling into{{}, now, wall_ms, {}};
  while (into.made.size < settings_.max_size) {
    const bool follows = !into.followers.empty() && (ready_.empty() || *into.followers.begin() < *ready_.begin());
    if (!follows && ready_.empty()) break;
    const auto number = follows ? *into.followers.begin() : *ready_.begin();
    if (!put(at(number), into)) break;  // full
    if (follows) {
      into.followers.erase(number);
    } else if (ready_.erase(number) > 0) {  // what follows in its lane waits for this request, or goes with it
      auto& its = lanes_.at(at(number).of.lane);
      its.ready = false;
      ready_size_ -= its.waiting_size;
    }
    if (into.made.pieces.empty() && !ready_.empty() && !due(now)) break;  // only what was too old was due
  }
  auto& made = into.made;
  if (made.pieces.empty()) {
    pop_done();
    return std::nullopt;
  }
  made.flying = true;
  made.began = now;
  ++flying_;
  const auto number = ++last_request_;
  request_plan plan{number, 0, made.pieces, made.items, true};
  requests_.emplace(number, std::move(made));
  pop_done();
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
    const auto [items, size] = from.of.pieces[from.next_piece];
    if (!old && into.made.size > 0 && into.made.size + size > settings_.max_size) return false;
    const piece one{from.of.number, from.next_piece++};
    its.waiting_size -= size;
    if (its.ready) ready_size_ -= size;
    if (old) {
      counts_.too_old += items;
      given_up.push_back(one);
    } else {
      into.made.pieces.push_back(one);
      into.made.items += items, into.made.size += size;
    }
  }
  if (whole && !old) {
    const auto next = std::upper_bound(its.parcels.begin(), its.parcels.end(), from.of.number);
    if (next != its.parcels.end()) into.followers.insert(*next);
  }
  if (!given_up.empty() && its.ready) {  // before its lane is looked at again
    ready_.erase(from.of.number);
    its.ready = false;
    ready_size_ -= its.waiting_size;
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
void delivery::pause(request& one, request_number number, const request_outcome& how, time_point now) {
  const auto scaled = [](clock_duration d, double by) {
    return clock_duration(static_cast<clock_duration::rep>(static_cast<double>(d.count()) * by));
  };
  one.backoff = one.backoff == clock_duration::zero()
                    ? settings_.min_backoff
                    : std::min(scaled(one.backoff, settings_.multiplier), settings_.max_backoff);
  if (how.retry_after && *how.retry_after > clock_duration::zero()) {
    one.not_before = now + *how.retry_after;
    one.backoff = std::min(*how.retry_after, settings_.max_backoff);
  } else {
    one.not_before = now + (settings_.randomization > 0
                                ? scaled(one.backoff, 1 + settings_.randomization * scatter(number, one.attempt))
                                : one.backoff);
  }
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
      pause(one, number, how, now);
      return false;
    }
    counts_.given_up += one.items;
  } else {
    failures_ = 0;
    (how.what == request_outcome::kind::delivered ? counts_.delivered : counts_.refused) += one.items;
  }
  for (const auto& p : one.pieces)
    done(p);
  requests_.erase(found);
  pop_done();
  return true;
}

void delivery::done(const piece& one) {
  auto& from = at(one.number);
  const auto& [items, size] = from.of.pieces[one.index];
  counts_.pending -= items, counts_.pending_size -= size;
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
    look_at(its->second);
  }
}

void delivery::pop_done() {
  while (!parcels_.empty() && parcels_.front().done == parcels_.front().of.pieces.size())
    parcels_.pop_front();
}

std::optional<time_point> delivery::wake_at(time_point now) const {
  std::optional<time_point> soonest;
  const auto consider = [&](time_point t) { soonest = soonest ? std::min(*soonest, t) : t; };
  const std::size_t allowed =
      failures_ > 0 ? std::min(settings_.probes, settings_.max_in_flight) : settings_.max_in_flight;
  if (flying_ >= allowed) return std::nullopt;  // an answer comes first
  for (const auto& [number, one] : requests_) {
    if (!one.flying) consider(std::max(one.not_before, now));
  }
  if (failures_ > 0 && !requests_.empty()) return soonest;
  if (!ready_.empty()) {
    const bool due = flushing_ || ready_size_ >= settings_.max_size;
    consider(due ? now
                 : std::lower_bound(parcels_.begin(), parcels_.end(), *ready_.begin(), before)->since +
                       settings_.deadline);
  }
  return soonest;
}

}  // namespace troupe::writer
