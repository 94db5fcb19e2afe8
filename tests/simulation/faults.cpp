// What goes wrong in a world, when, and how it is put right again.

#include <algorithm>

#include "tests/simulation/place.hpp"
#include "tests/simulation/world.hpp"

namespace troupe::simulation {

using namespace std::chrono_literals;

void world::repeat(clock_duration once_in, std::function<void()> what) {
  if (once_in == clock_duration{}) return;
  in(chance_.between(clock_duration(1ms), 2 * once_in), [this, once_in, what] {
    if (!trouble_) return;
    what();
    repeat(once_in, what);
  });
}

void world::schedule_faults() {
  // Backends exist from the beginning: excuses are told to all of them.
  for (const auto& [id, directory] : directories_) {
    if (placements_.at(id).what != role::writer) continue;
    for (unsigned i = 0; i < plan_.writers.endpoints; ++i)
      backend(id, i).in_order = !plan_.small_journals;
  }
  const auto& faults = plan_.once_in;
  const auto any_process = [this] { return static_cast<unsigned>(chance_.below(processes_.size())); };
  repeat(faults.crash, [this] { crash_some(); });
  repeat(faults.replace, [this] { replace_some(); });
  repeat(faults.move, [this] { move_writer(); });
  repeat(faults.reconnect, [this] { reconnect_some(); });
  repeat(faults.kill, [=, this] { end_process(any_process(), false); });
  repeat(faults.power_loss, [=, this] { end_process(any_process(), true); });
  repeat(faults.weather, [this] { change_weather(); });
  repeat(faults.full, [=, this] {
    const auto index = any_process();
    note("disk full in process " + std::to_string(index));
    processes_[index].disk->fill(true);
    in(chance_.between(clock_duration(10ms), clock_duration(5s)),
       [this, index] { processes_[index].disk->fill(false); });
  });
  repeat(faults.no_sync, [=, this] {
    const auto index = any_process();
    note("no syncs in process " + std::to_string(index));
    processes_[index].disk->refuse_syncs(true);
    in(chance_.between(clock_duration(10ms), clock_duration(4s)),
       [this, index] { processes_[index].disk->refuse_syncs(false); });
  });
  repeat(faults.partition, [=, this] {
    const auto a = any_process(), b = any_process();
    if (a == b) return;
    note("cut: " + std::to_string(a) + " and " + std::to_string(b));
    cut_.insert({std::min(a, b), std::max(a, b)});
    in(chance_.between(clock_duration(10ms), clock_duration(5s)), [this, a, b] {
      cut_.erase({std::min(a, b), std::max(a, b)});
    });
  });
}

world::place_ref world::some_place(bool (*wanted)(role)) {
  std::vector<place_ref> all;
  for (const auto& [id, one] : places_) {
    if (wanted(one->what().what)) all.push_back(one);
  }
  return all.empty() ? nullptr : all[chance_.below(all.size())];
}

void world::crash_some() {
  if (const auto one = some_place([](role r) { return r != role::stuck && r != role::hoarder; })) one->crash();
}

/// A fresh cell in the old one's place, as after a move; a writer keeps its journal.
void world::replace_some() {
  const auto one = some_place([](role r) { return r != role::stuck && r != role::hoarder; });
  if (!one) return;
  const auto what = one->what();
  const auto directory = one->directory();
  note("replaced: " + what.id);
  // What a stage had under way is not known to anybody any more: its producer sends it again.
  if (what.what != role::writer) excuse_under_way();
  destroy(what.id);
  if (what.what == role::writer) excuse_writer_death(*one);
  build(what, directory);
}

/// A writer goes on elsewhere with an empty journal; what is in the old one is sent from where it is.
void world::move_writer() {
  const auto one = some_place([](role r) { return r == role::writer; });
  if (!one || one->id() != one->writes_as()) return;
  auto stays = one->what(), goes = one->what();
  const auto generation = std::to_string(directories_.size());
  stays.id += '@' + generation;
  goes.process = static_cast<unsigned>(chance_.below(processes_.size()));
  if (!processes_[goes.process].up) return;
  note("moved: " + goes.id + " to process " + std::to_string(goes.process));
  excuse_under_way();
  destroy(goes.id);
  excuse_writer_death(*one);
  placements_[stays.id] = stays;
  directories_[stays.id] = one->directory();
  placements_[goes.id] = goes;
  directories_[goes.id] = goes.id + '.' + generation;
  build(stays, directories_[stays.id]);
  build(goes, directories_[goes.id]);
}

/// A consumer is taken away and comes back at once: what was not settled is counted as dropped.
void world::reconnect_some() {
  const auto one = some_place([](role r) { return r == role::source || r == role::passer || r == role::sifter; });
  if (!one) return;
  const auto& to = one->what().to;
  const auto consumer = to[chance_.below(to.size())];
  excuse_under_way();  // the source will hear no more of it, but what is on its way may still be repeated
  note("reconnected: " + one->id() + " to " + consumer);
  one->cell().forget_consumer(consumer);
  one->cell().connect(0, to);
}

void world::end_process(unsigned index, bool power) {
  auto& one = processes_[index];
  if (!one.up) return;
  one.power = power;
  one.disk->die_after(static_cast<unsigned>(chance_.chance(0.5) ? 0 : chance_.between(1, 12)));
}

void world::process_ended(unsigned index) {
  auto& ended = processes_[index];
  note(std::string(ended.power ? "power lost" : "killed") + ": process " + std::to_string(index));
  for (auto& one : sources_)
    one.note_ended();
  std::vector<place_ref> all;
  for (const auto& [id, one] : places_) {
    if (one->what().process == index) all.push_back(one);
  }
  if (std::any_of(all.begin(), all.end(), [](const auto& one) { return one->what().what != role::writer; }))
    excuse_under_way();
  if (ended.power) excuse_power_loss(index);
  for (const auto& one : all) {
    destroy(one->id());
    if (one->what().what == role::writer) excuse_writer_death(*one);
  }
  ended.up = false;
  ended.disk->revive(ended.power);
  in(chance_.between(clock_duration(50ms), clock_duration(3s)), [this, index] { process_starts(index); });
}

void world::process_starts(unsigned index) {
  if (processes_[index].up) return;
  note("started: process " + std::to_string(index));
  processes_[index].up = true;
  for (const auto& [id, one] : placements_) {
    if (one.process == index && !places_.contains(id)) build(one, directories_[id]);
  }
}

void world::change_weather() {
  const auto share = [this](double most) {
    return chance_.chance(0.4) ? most * 0.01 * static_cast<double>(chance_.below(101)) : 0.0;
  };
  for (auto& [name, one] : backends_) {
    one.now = {share(1), share(0.6), share(0.3), plan_.lost_answers ? share(0.3) : 0, plan_.refusals ? share(0.1) : 0};
    if (chance_.chance(0.2)) one.now.fails = 1;
  }
}

void world::calm_down() {
  trouble_ = false;
  cut_.clear();
  for (auto& [name, one] : backends_)
    one.now = {};
  for (unsigned i = 0; i < processes_.size(); ++i) {
    processes_[i].disk->calm();
    process_starts(i);
  }
  for (const auto& [id, what] : std::map(placements_)) {
    if (what.what != role::stuck && what.what != role::hoarder) continue;
    for (auto& [other, producer] : placements_) {
      if (std::erase(producer.to, id) == 0) continue;
      places_.at(other)->cell().forget_consumer(id);
    }
    destroy(id);
    placements_.erase(id);
  }
}

}  // namespace troupe::simulation
