#include "actors/runtime/edge.hpp"

#include <algorithm>

namespace troupe::runtime {

bool ledger::balances() const {
  amount sum = settled;
  sum.batches += in_flight.batches, sum.items += in_flight.items;
  for (const auto& [reason, lost] : dropped)
    sum.batches += lost.batches, sum.items += lost.items;
  return sum == pushed;
}

edge_sender::entry* edge_sender::find(batch_number number) {
  if (number <= forgotten_ || number > forgotten_ + entries_.size()) return nullptr;
  return &entries_[number - forgotten_ - 1];
}

void edge_sender::push(batch_ref batch, origin from) {
  counts_.pushed.add(batch->items());
  counts_.in_flight.add(batch->items());
  const std::size_t bytes = batch->bytes();
  counts_.unsettled_bytes += bytes;
  untaken_bytes_ += bytes;
  entries_.push_back({std::move(batch), bytes, std::move(from), false});
}

void edge_sender::settle(batch_number number, const verdict& how) {
  entry& of = *find(number);
  const std::size_t items = of.batch->items();
  if (how.ok()) {
    counts_.settled.add(items);
  } else {
    counts_.dropped[how.rejected].add(items);
  }
  --counts_.in_flight.batches, counts_.in_flight.items -= items;
  counts_.unsettled_bytes -= of.bytes;
  if (number > taken_) untaken_bytes_ -= of.bytes;
  of.batch = nullptr;
  of.from.settle(how);
}

void edge_sender::set_taken(batch_number up_to) {
  for (; taken_ < up_to; ++taken_) {
    if (auto* one = find(taken_ + 1); one && one->batch) untaken_bytes_ -= one->bytes;
  }
  for (; taken_ > up_to; --taken_) {
    if (auto* one = find(taken_); one && one->batch) untaken_bytes_ += one->bytes;
  }
}

void edge_sender::forget_settled() {
  while (!entries_.empty() && !entries_.front().batch && forgotten_ < sent_) {
    entries_.pop_front();
    ++forgotten_;
  }
  taken_ = std::max(taken_, forgotten_);
}

void edge_sender::give_up_oldest(const std::string& reason) {
  const auto too_much = [&] {
    return untaken_bytes_ > limits_.unsettled_bytes || counts_.unsettled_bytes > 2 * limits_.unsettled_bytes;
  };
  for (batch_number n = sent_ + 1; too_much() && n <= forgotten_ + entries_.size(); ++n) {
    if (auto* one = find(n); one->batch && !one->sent_once) settle(n, {reason});
  }
}

void edge_sender::give_up_all(const std::string& reason) {
  for (batch_number n = forgotten_ + 1; n <= forgotten_ + entries_.size(); ++n) {
    if (find(n)->batch) settle(n, {reason});
  }
  sent_ = forgotten_ + entries_.size();
  forget_settled();
}

std::optional<edge_offer> edge_sender::next() {
  edge_offer offer{epoch_, forgotten_, {}};
  std::size_t untaken_bytes = 0;
  for (batch_number n = taken_ + 1; n <= sent_; ++n) {
    if (const auto* one = find(n); one->batch) untaken_bytes += one->bytes;
  }
#ifdef TROUPE_BUG_COUNT_THE_WINDOW_WRONG
  while (offer.batches.size() < limits_.window_batches && untaken_bytes < limits_.window_bytes) {
#else
  while (sent_ - taken_ < limits_.window_batches && untaken_bytes < limits_.window_bytes) {
#endif
    entry* one = find(sent_ + 1);
    if (!one) break;
    ++sent_;
    if (one->batch) {
      if (one->sent_once) ++counts_.resent;
      one->sent_once = true;
      untaken_bytes += one->bytes;
    }
    offer.batches.push_back({sent_, one->batch});
  }
  if (offer.batches.empty()) return std::nullopt;
  return offer;
}

void edge_sender::on_answer(const edge_answer& answer) {
  if (answer.epoch != epoch_) return;
  for (const auto& [number, how] : answer.settled) {
    if (auto* one = find(number); one && one->batch) settle(number, how);
  }
  if (answer.stamp > last_stamp_) {
    last_stamp_ = answer.stamp;
    // A consumer that is behind what it had taken has restarted: everything since comes again.
    if (answer.taken <= sent_) set_taken(std::max(answer.taken, forgotten_));
#ifndef TROUPE_BUG_FORGET_TO_RESEND
    if (answer.rewind) sent_ = std::max(taken_, std::min(sent_, std::max(answer.received, forgotten_)));
#endif
  }
  forget_settled();
}

void edge_receiver::on_offer(const edge_offer& offer) {
  if (offer.epoch != epoch_) {
    if (offer.epoch < epoch_) return;  // of a producer that is no more
    epoch_ = offer.epoch;
    inbox_.clear(), verdicts_.clear(), unsaid_.clear(), done_.clear();
    received_ = taken_ = 0;
  }
  verdicts_.erase(verdicts_.begin(), verdicts_.upper_bound(offer.forgotten));
  done_.erase(done_.begin(), done_.upper_bound(offer.forgotten));
  if (offer.forgotten > received_) {  // new here: the row begins behind what is over
    inbox_.clear();
    received_ = taken_ = offer.forgotten;
    changed_ = true;
  }
  if (offer.batches.empty()) changed_ = rewind_ = repeat_ = true;
  for (const auto& one : offer.batches) {
    if (one.number == received_ + 1) {
      ++received_;
      inbox_.push_back(one);
    } else if (one.number > received_) {
      changed_ = rewind_ = true;  // something between was lost
      break;
    } else {
      changed_ = repeat_ = true;  // sent twice: the answer was lost
    }
  }
  skip_done();
}

void edge_receiver::take_front() {
  taken_ = inbox_.front().number;
  inbox_.pop_front();
  changed_ = true;
}

void edge_receiver::skip_done() {
  while (!inbox_.empty() && (!inbox_.front().batch || done_.erase(inbox_.front().number) > 0))
    take_front();
}

void edge_receiver::taken() {
  take_front();
  skip_done();
}

void edge_receiver::settled(batch_number number, verdict how) {
  if (verdicts_.emplace(number, std::move(how)).second) unsaid_.push_back(number);
  changed_ = true;
}

void edge_receiver::restarted(const std::set<batch_number>& lost) {
  inbox_.clear();
  if (!lost.empty()) {
    for (batch_number n = *lost.begin(); n <= taken_; ++n) {
      if (!lost.contains(n)) done_.insert(n);
    }
    taken_ = *lost.begin() - 1;
  }
  received_ = taken_;
  changed_ = rewind_ = repeat_ = true;
}

std::optional<edge_answer> edge_receiver::answer() {
  if (!changed_ || epoch_ == 0) return std::nullopt;
  ++stamp_.second;
  edge_answer answer{epoch_, stamp_, received_, taken_, rewind_, {}};
  if (repeat_) {
    answer.settled.assign(verdicts_.begin(), verdicts_.end());
  } else {
    for (batch_number n : unsaid_) {
      if (auto at = verdicts_.find(n); at != verdicts_.end()) answer.settled.emplace_back(*at);
    }
  }
  unsaid_.clear();
  changed_ = rewind_ = repeat_ = false;
  return answer;
}

}  // namespace troupe::runtime
