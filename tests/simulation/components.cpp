#include "tests/simulation/components.hpp"

#include <stdexcept>

namespace troupe::simulation {

void taste(const sample_batch& batch) {
  if (batch.poisoned) throw std::runtime_error("poison");
}

sample_batch_ref source_record::batch(std::uint64_t number) const {
  auto made = std::make_shared<sample_batch>();
  const auto lane = static_cast<std::uint32_t>(number % settings.lanes);
  made->lane = settings.source * 16 + lane;
  made->padding = settings.padding;
  made->source_waits = settings.waits;
  made->poisoned = number == settings.poisoned;
  for (std::uint32_t i = 0; i < settings.series; ++i)
    made->samples.push_back({settings.source, lane, i, number});
  return made;
}

void source_record::note_ended() {
  std::erase_if(under_way, [&](const auto& one) {
    const auto& [number, delivery] = one;
    if (!delivery->finished()) return false;
    if (delivery->how().ok()) {
      ended[number] = {end::settled, ""};
    } else {
      ended.try_emplace(number, end::rejected, delivery->how().rejected);
    }
    return true;
  });
}

std::vector<std::uint64_t> source_record::cell_lost() {
  std::vector<std::uint64_t> affected;
  if (settings.repeats) {
    const auto from = under_way.empty() ? next : under_way.begin()->first;
    for (auto n = from; n < next; ++n)
      affected.push_back(n);
    next = from;
  } else {
    for (const auto& [number, delivery] : under_way) {
      affected.push_back(number);
      ended.try_emplace(number, end::lost, "");
    }
  }
  under_way.clear();
  return affected;
}

source::source(stage& on, source_record& record) : on_(on), record_(record) {
  timer_ = on_.at(on_.now() + record_.settings.every, [this] { tick(); });
}

void source::on_room() {
  if (std::exchange(held_back_, false)) tick();
}

void source::tick() {
  if (record_.next > record_.settings.last) return;
  if (record_.settings.waits && !on_.has_room()) {
    held_back_ = true;  // on_room() comes
    return;
  }
  timer_ = on_.at(on_.now() + record_.settings.every, [this] { tick(); });
  on_.hazard("before the source pushes");
  const auto follows = std::make_shared<runtime::delivery>(nullptr, runtime::batch_identity{});
  on_.push(record_.batch(record_.next), runtime::receipt(follows));
  on_.hazard("after the source pushed");
  record_.under_way[record_.next++] = follows;
}

void passer::consume(const runtime::batch_ref& batch, runtime::receipt of) {
  on_.hazard("before passing on");
  taste(static_cast<const sample_batch&>(*batch));
  on_.push(batch, std::move(of));
  on_.hazard("after passing on");
}

void merger::consume(const runtime::batch_ref& batch, runtime::receipt of) {
  on_.hazard("before merging");
  taste(static_cast<const sample_batch&>(*batch));
  held_.push_back(batch);
  of_.merge(std::move(of));
  if (held_.size() >= at_most_) {
    flush();
  } else if (held_.size() == 1) {
    timer_ = on_.at(on_.now() + longest_, [this] { flush(); });
  }
  on_.hazard("after merging");
}

void merger::flush() {
  timer_.cancel();
  auto all = std::make_shared<sample_batch>();
  for (const auto& one : held_) {
    const auto& from = static_cast<const sample_batch&>(*one);
    all->samples.insert(all->samples.end(), from.samples.begin(), from.samples.end());
    all->padding += from.padding;
    all->source_waits = all->source_waits || from.source_waits;
  }
  held_.clear();
  on_.hazard("before the merged one is pushed");
  on_.push(all, std::exchange(of_, {}));
}

void sifter::consume(const runtime::batch_ref& batch, runtime::receipt of) {
  on_.hazard("before sifting");
  const auto& in = static_cast<const sample_batch&>(*batch);
  taste(in);
  if (in.lane % 2 == 1) {
    on_.push(batch, std::move(of));
  } else {
    if (held_.empty()) timer_ = on_.at(on_.now() + longest_, [this] { flush(); });
    held_.emplace_back(batch, std::move(of));
    if (held_.size() >= at_most_) flush();
  }
  on_.hazard("after sifting");
}

void sifter::flush() {
  timer_.cancel();
  for (auto& [batch, of] : held_)
    on_.push(batch, std::move(of));
  on_.hazard("while what was held goes");
  held_.clear();
}

}  // namespace troupe::simulation
