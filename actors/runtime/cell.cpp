#include "actors/runtime/cell.hpp"

#include <algorithm>
#include <cassert>
#include <exception>
#include <string_view>

namespace troupe::runtime {

namespace {

/// FNV-1a: the same in every process, now and later: it goes into journals.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace

/// Two producers may have begun in the same nanosecond: an epoch alone says nothing about whose it is.
std::uint64_t cell::identity_of(const producer_side& producer) {
  std::uint64_t mixed = (producer.receiver.epoch() ^ producer.name) * 0x9e3779b97f4a7c15u;
  mixed ^= mixed >> 32;
  return mixed == 0 ? 1 : mixed;
}

cell::cell(std::string id, std::uint64_t epoch, cell_limits limits)
    : id_(std::move(id)), next_epoch_(epoch), limits_(limits), supervision_(epoch, limits.restarts) {}

cell::~cell() {
  stop();
  for (auto& [producer, side] : receivers_) {
    for (auto& [number, one] : side.deliveries)
      one->forget();
  }
}

void cell::start(time_point now, std::function<std::unique_ptr<consumer>()> make) {
  make_ = std::move(make);
  create(now);
  work(now);
}

void cell::create(time_point now) {
  phase_ = phase::running;
  supervision_.started(now);
  guarded(now, {}, [this] { component_ = make_(); });
}

template <class Which>
void cell::drop_deliveries(producer_side& of, Which&& which) {
  std::erase_if(of.deliveries, [&](auto& one) {
    auto& [number, delivery] = one;
    if (!which(number, *delivery)) return false;
    delivery->forget();
    std::erase(touched_, delivery.get());
    return true;
  });
}

void cell::stop() {
  if (phase_ != phase::running) {
    phase_ = phase::stopped;
    return;
  }
  phase_ = phase::stopped;
  // What the component still holds is not settled: whoever comes after it gets it again.
  staged_.clear();
  component_.reset();
  for (auto& [producer, side] : receivers_) {
    std::set<batch_number> lost;
    drop_deliveries(side, [&](batch_number number, const delivery& one) {
      if (one.lost_with_component()) lost.insert(number);
      return one.lost_with_component();
    });
    side.receiver.restarted(lost);
  }
  settle_finished();
}

bool cell::guarded(time_point now, const std::string& producer, const std::function<void()>& handler) {
  in_handler_ = true;
  std::string what;
  try {
    handler();
    in_handler_ = false;
    commit(now);
    return true;
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {
    what = "an exception that is no std::exception";
  }
  in_handler_ = false;
  abort(now, producer, std::move(what));
  return false;
}

void cell::commit(time_point now) {
  for (auto& [outlet, batch, of] : staged_) {
    if (on_pushed) on_pushed(outlets_[outlet], batch);
    for (const auto& consumer : outlets_[outlet]) {
      auto& side = senders_.at(consumer);
      if (side.sender.idle()) side.heard = now;
      side.sender.push(batch, origin(of.deliveries()));
      if (side.sender.full()) {
        if (!batch->source_waits) side.sender.give_up_oldest("edge_full");
        was_full_ = was_full_ || side.sender.full();
      }
    }
  }
  staged_.clear();
  settle_finished();
}

void cell::settle_finished() {
  for (auto* one : touched_) {
    one->commit();
    if (!one->finished()) continue;
    auto& of = static_cast<tracked&>(*one);
    of.forget();
    of.from->receiver.settled(of.what().number, of.how());
    of.from->deliveries.erase(of.what().number);
  }
  touched_.clear();
}

void cell::abort(time_point now, const std::string& producer, std::string what) {
  failure told{std::move(what), supervision_.failed(now), false, producer, 0};
  if (!producer.empty()) {
    auto& side = receivers_.at(producer);
    const batch_number number = side.receiver.front()->number;
    told.items = side.receiver.front()->batch->items();
    side.kills = side.deadly == number ? side.kills + 1 : 1;
    side.deadly = number;
    told.quarantined = side.kills >= supervision_.policy().kills_to_quarantine;
    drop_deliveries(side, [&](batch_number one, const delivery&) { return one == number; });  // it was not taken
  }
  stop();
  phase_ = phase::waiting;
  restart_at_ = now + told.delay;
  if (on_failure) on_failure(told);
}

bool cell::take_one(time_point now, const std::string& producer, producer_side& from) {
  const auto* next = from.receiver.front();
  if (!next || (next->batch->source_waits && !has_room())) return false;
  const batch_number number = next->number;
  if (from.deadly == number && from.kills >= supervision_.policy().kills_to_quarantine) {
    from.receiver.taken();
    from.receiver.settled(number, {"quarantined"});
    return true;
  }
  const batch_ref batch = next->batch;
  auto one = std::make_shared<tracked>(&touched_, &from, number);
  const auto consume = [&] {
    from.deliveries.emplace(number, one);
    component_->consume(batch, receipt(one));
    from.receiver.taken();
  };
  if (!guarded(now, producer, consume)) return false;
  if (on_taken) on_taken(producer, batch);
  return true;
}

void cell::work(time_point now) {
  for (bool some = true; some && phase_ == phase::running;) {
    some = false;
    for (auto& [producer, side] : receivers_) {
      if (phase_ == phase::running && take_one(now, producer, side)) some = true;
    }
  }
}

void cell::on_mail(time_point now, const std::string& from, const edge_offer& offer) {
  auto at = receivers_.find(from);
  if (at == receivers_.end()) at = receivers_.try_emplace(from, next_epoch_++, hash_of(from)).first;
  auto& side = at->second;
  if (offer.epoch > side.receiver.epoch()) {  // another producer by that name: the old one's batches end here
    drop_deliveries(side, [](auto&&...) { return true; });
    side.kills = 0;
  }
  side.receiver.on_offer(offer);
  work(now);
}

void cell::on_mail(time_point now, const std::string& from, const edge_answer& answer) {
  auto at = senders_.find(from);
  if (at == senders_.end()) return;
  auto& side = at->second;
  side.heard = now;
  side.sender.on_answer(answer);
  settle_finished();
  if (!side.connected && side.sender.idle()) {
    closed_[from] = side.sender.counts();
    senders_.erase(at);
  }
  look_for_room(now);
  work(now);
}

void cell::look_for_room(time_point now) {
  if (!was_full_ || !has_room()) return;
  was_full_ = false;
  if (on_room) run(now, on_room);
}

void cell::on_time(time_point now) {
  if (phase_ == phase::waiting && now >= restart_at_) {
    create(now);
    work(now);
  }
  for (auto& [consumer, side] : senders_) {
    if (!side.sender.idle() && now - side.heard >= limits_.probe_every) {
      side.ask = true;
      side.heard = now;
    }
  }
  if (was_full_ && has_room()) {
    look_for_room(now);
    work(now);
  }
}

std::optional<time_point> cell::wake_at() const {
  std::optional<time_point> soonest;
  const auto consider = [&](time_point at) { soonest = soonest ? std::min(*soonest, at) : at; };
  if (phase_ == phase::waiting) consider(restart_at_);
  if (was_full_ && has_room()) consider(time_point::min());  // what was full was taken away: no answer will say so
  for (const auto& [consumer, side] : senders_) {
    if (!side.sender.idle()) consider(side.heard + limits_.probe_every);
  }
  return soonest;
}

std::vector<edge_mail> cell::take_mail() {
  std::vector<edge_mail> mail;
  for (auto& [producer, side] : receivers_) {
    if (auto answer = side.receiver.answer()) mail.push_back({id_, producer, std::move(*answer)});
  }
  for (auto& [consumer, side] : senders_) {
    if (std::exchange(side.ask, false)) mail.push_back({id_, consumer, side.sender.probe()});
    if (auto offer = side.sender.next()) mail.push_back({id_, consumer, std::move(*offer)});
  }
  return mail;
}

void cell::connect(unsigned outlet, std::vector<std::string> consumers) {
  if (outlets_.size() <= outlet) outlets_.resize(outlet + 1);
  std::sort(consumers.begin(), consumers.end());
  consumers.erase(std::unique(consumers.begin(), consumers.end()), consumers.end());
  outlets_[outlet] = std::move(consumers);
  for (auto& [consumer, side] : senders_)
    side.connected = false;
  for (const auto& one : outlets_) {
    for (const auto& consumer : one) {
      auto at = senders_.find(consumer);
      if (at == senders_.end()) {
        at = senders_.try_emplace(consumer, next_epoch_++, limits_.edge, std::exchange(closed_[consumer], {})).first;
        closed_.erase(consumer);
      }
      at->second.connected = true;
    }
  }
  std::erase_if(senders_, [&](const auto& one) {
    if (one.second.connected || !one.second.sender.idle()) return false;
    closed_[one.first] = one.second.sender.counts();
    return true;
  });
}

void cell::push(unsigned outlet, const batch_ref& batch, receipt of) {
  assert(in_handler_ && outlet < outlets_.size());
  staged_.push_back({outlet, batch, std::move(of)});
}

bool cell::has_room() const {
  return std::none_of(senders_.begin(), senders_.end(),
                      [](const auto& one) { return one.second.connected && one.second.sender.full(); });
}

void cell::forget_consumer(const std::string& consumer) {
  auto at = senders_.find(consumer);
  if (at == senders_.end()) return;
  at->second.sender.give_up_all("consumer_removed");
  settle_finished();
  for (auto& one : outlets_)
    std::erase(one, consumer);
  closed_[consumer] = at->second.sender.counts();
  senders_.erase(at);
}

void cell::forget_producer(const std::string& producer) {
  auto at = receivers_.find(producer);
  if (at == receivers_.end()) return;
  drop_deliveries(at->second, [](auto&&...) { return true; });
  receivers_.erase(at);
}

bool cell::drained() const {
  return inbox() == 0 &&
         std::all_of(senders_.begin(), senders_.end(), [](const auto& one) { return one.second.sender.idle(); });
}

std::map<std::string, ledger> cell::ledgers() const {
  auto all = closed_;
  for (const auto& [consumer, side] : senders_)
    all[consumer] = side.sender.counts();
  return all;
}

std::size_t cell::inbox() const {
  std::size_t sum = 0;
  for (const auto& [producer, side] : receivers_)
    sum += side.receiver.waiting();
  return sum;
}

void cell::give_up(const std::string& reason) {
  for (auto& [consumer, side] : senders_)
    side.sender.give_up_all(reason);
  settle_finished();
}

}  // namespace troupe::runtime
