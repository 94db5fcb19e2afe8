#include "actors/prometheus/remote_write/delivery.hpp"

#include <algorithm>
#include <numeric>

namespace troupe::prometheus {

namespace {

std::uint64_t samples_from(const parcel& one, std::uint32_t first) {
  return std::accumulate(one.piece_samples.begin() + first, one.piece_samples.end(), std::uint64_t{0});
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
  counts_.pending += samples_from(fresh.of, 0);
  if (!fresh.of.piece_samples.empty()) {
    auto& lane = lanes_[fresh.of.lane];
    lane.push_back(fresh.of.number);
    if (lane.size() == 1) make_ready(fresh);
  }
  pop_done();
}

void delivery::make_ready(const held& one) {
  ready_.insert(one.of.number);
  ready_samples_ += samples_from(one.of, 0);
}

bool delivery::too_old(const parcel& one, std::int64_t wall_ms) const {
  using namespace std::chrono;
  return settings_.sample_age_limit > clock_duration::zero() &&
         one.timestamp_ms < wall_ms - duration_cast<milliseconds>(settings_.sample_age_limit).count();
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
    const auto samples = at(p.number).of.piece_samples[p.index];
    counts_.too_old += samples;
    one.samples -= samples;
    done(p);
  }
  if (one.pieces.empty()) {
    requests_.erase(chosen);
    pop_done();
    return next(now, wall_ms);
  }
  plan.changed = !old.empty();
  plan.pieces = one.pieces;
  plan.samples = one.samples;
  one.flying = true;
  ++flying_;
  counts_.retried += one.samples;
  pop_done();
  return plan;
}

std::optional<request_plan> delivery::fill(time_point now, std::int64_t wall_ms) {
  request made;
  while (!ready_.empty() && made.samples < settings_.max_samples) {
    const bool due = flushing_ || !made.pieces.empty() || ready_samples_ >= settings_.max_samples ||
                     now - at(*ready_.begin()).since >= settings_.deadline;
    if (!due) break;
    auto& from = at(*ready_.begin());
    const auto pieces = static_cast<std::uint32_t>(from.of.piece_samples.size());
    const bool old = too_old(from.of, wall_ms);
    std::vector<piece> given_up;
    while (from.next_piece < pieces) {
      const auto samples = from.of.piece_samples[from.next_piece];
      if (!old && made.samples > 0 && made.samples + samples > settings_.max_samples) break;
      const piece one{from.of.number, from.next_piece++};
      ready_samples_ -= samples;
      if (old) {
        counts_.too_old += samples;
        given_up.push_back(one);
      } else {
        made.pieces.push_back(one);
        made.samples += samples;
      }
    }
    if (from.next_piece < pieces) break;  // full
    ready_.erase(ready_.begin());
    for (const auto& one : given_up)
      done(one);
  }
  pop_done();
  if (made.pieces.empty()) return std::nullopt;
  made.flying = true;
  ++flying_;
  const auto number = ++last_request_;
  request_plan plan{number, 0, made.pieces, made.samples, true};
  requests_.emplace(number, std::move(made));
  return plan;
}

void delivery::ended(request_number number, const request_outcome& how, time_point now) {
  const auto found = requests_.find(number);
  if (found == requests_.end() || !found->second.flying) return;
  auto& one = found->second;
  one.flying = false;
  --flying_;
  if (how.what == request_outcome::kind::retry) {
    ++failures_;
    ++one.attempt;
    one.backoff = one.backoff == clock_duration::zero() ? settings_.min_backoff
                                                        : std::min(2 * one.backoff, settings_.max_backoff);
    if (how.retry_after && *how.retry_after > clock_duration::zero()) one.backoff = *how.retry_after;
    one.not_before = now + one.backoff;
    one.backoff = std::min(one.backoff, settings_.max_backoff);
    return;
  }
  failures_ = 0;
  (how.what == request_outcome::kind::delivered ? counts_.delivered : counts_.refused) += one.samples;
  for (const auto& p : one.pieces)
    done(p);
  requests_.erase(found);
  pop_done();
}

void delivery::done(const piece& one) {
  auto& of = at(one.number);
  counts_.pending -= of.of.piece_samples[one.index];
  if (++of.done == of.of.piece_samples.size()) finish(of);
}

/// All of a parcel is done: the next one of its lane may go.
void delivery::finish(held& one) {
  const auto lane = lanes_.find(one.of.lane);
  lane->second.pop_front();
  if (lane->second.empty()) {
    lanes_.erase(lane);
  } else {
    make_ready(at(lane->second.front()));
  }
}

void delivery::pop_done() {
  while (!parcels_.empty() && parcels_.front().done == parcels_.front().of.piece_samples.size())
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
    const bool due = flushing_ || ready_samples_ >= settings_.max_samples;
    consider(due ? now
                 : std::lower_bound(parcels_.begin(), parcels_.end(), *ready_.begin(), before)->since +
                       settings_.deadline);
  }
  return soonest;
}

}  // namespace troupe::prometheus
