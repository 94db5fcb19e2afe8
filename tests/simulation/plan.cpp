#include "tests/simulation/plan.hpp"

#include <algorithm>

namespace troupe::simulation {

using namespace std::chrono_literals;

plan::plan(std::uint64_t seed) : seed(seed), of(static_cast<kind>(seed % kinds)) {
  dice chance(seed);
  draw_cells(chance);
  draw_sources(chance);
  draw_writers(chance);
  draw_faults(chance);
}

/// One or two sources, up to two stages in a row, one or two writers; perhaps one that never lets go.
void plan::draw_cells(dice& chance) {
  processes = static_cast<unsigned>(chance.between(1, 3));
  const auto somewhere = [&] { return static_cast<unsigned>(chance.below(processes)); };
  std::vector<std::string> ends;
  const auto writer_count = chance.chance(0.3) ? 2u : 1u;
  for (unsigned i = 0; i < writer_count; ++i) {
    ends.push_back("writer" + std::to_string(i));
    cells.push_back({ends.back(), role::writer, somewhere(), {}});
  }
  if (chance.chance(0.15)) {
    ends.push_back("stuck");
    cells.push_back({ends.back(), chance.chance(0.5) ? role::stuck : role::hoarder, somewhere(), {}});
  }
  const auto stages = chance.below(3);
  bool merged = false;
  for (unsigned i = 0; i < stages; ++i) {
    auto what = role::passer;
    if (!merged && chance.chance(0.3)) {
      what = role::merger;
    } else if (chance.chance(0.3)) {
      what = role::sifter;
    }
    merged = merged || what == role::merger;
    const char* name = what == role::merger ? "merger" : what == role::sifter ? "sifter" : "passer";
    const std::string id = name + std::to_string(i);
    cells.push_back({id, what, somewhere(), ends});
    ends = {id};
  }
  merge = chance.between(2, 4);
  const auto source_count = chance.chance(0.35) ? 2u : 1u;
  for (unsigned i = 0; i < source_count; ++i)
    cells.push_back({"source" + std::to_string(i), role::source, somewhere(), ends});
  std::reverse(cells.begin(), cells.end());

  limits.edge.window_batches = chance.between(1, 8);
  limits.edge.window_bytes = chance.chance(0.5) ? chance.between(100, 2000) : limits.edge.window_bytes;
  limits.edge.unsettled_bytes = chance.chance(0.5) ? chance.between(600, 6000) : limits.edge.unsettled_bytes;
  limits.restarts.longest = 5s;
}

void plan::draw_sources(dice& chance) {
  const bool stuck = std::any_of(cells.begin(), cells.end(),
                                 [](const auto& c) { return c.what == role::stuck || c.what == role::hoarder; });
  for (const auto& cell : cells) {
    if (cell.what != role::source) continue;
    source_settings made;
    made.source = static_cast<std::uint32_t>(sources.size());
    made.lanes = static_cast<std::uint32_t>(chance.between(1, 4));
    made.series = static_cast<std::uint32_t>(chance.between(1, 3));
    made.last = chance.between(10, 60);
    made.every = chance.between(clock_duration(5ms), clock_duration(250ms));
    made.waits = chance.chance(0.5);
    made.repeats = chance.chance(0.5);
    made.padding = chance.chance(0.3) ? chance.between(50, 400) : 0;
    if (chance.chance(0.15)) made.poisoned = chance.between(1, made.last);
    if (stuck) limits.edge.unsettled_bytes = std::min<std::size_t>(limits.edge.unsettled_bytes, 6000);
    sources.push_back(made);
  }
}

void plan::draw_writers(dice& chance) {
  writers.always = chance.chance(0.5);
  writers.endpoints = chance.chance(0.25) ? 2 : 1;
  writers.capacity = chance.between(4, 80);
  writers.samples_per_piece = chance.between(1, 3);
  writers.reclaim_every = chance.between(clock_duration(100ms), clock_duration(5s));
  writers.journal.segment_bytes = chance.chance(0.7) ? chance.between(200, 2000) : std::size_t{1} << 20;
  small_journals = chance.chance(0.1);
  if (small_journals) writers.journal.max_bytes = chance.between(1000, 4000);
  writers.delivery.max_in_flight = chance.between(1, 6);
  writers.delivery.max_size = chance.between(1, 12);
  writers.delivery.deadline = chance.between(clock_duration(10ms), clock_duration(2s));
  writers.delivery.max_backoff = 2s;
}

void plan::draw_faults(dice& chance) {
  const auto sometimes = [&](clock_duration least, clock_duration most) {
    return chance.chance(0.5) ? chance.between(least, most) : clock_duration{};
  };
  longest_way = chance.chance(0.3) ? 1ms : chance.between(clock_duration(5ms), clock_duration(1500ms));
  longest_sync = chance.chance(0.3) ? chance.between(clock_duration(500ms), clock_duration(4s)) : longest_way;
  if (chance.chance(0.6)) loss = 0.01 * static_cast<double>(chance.between(1, 30));
  if (chance.chance(0.6)) doubling = 0.01 * static_cast<double>(chance.between(1, 30));
  if (chance.chance(0.6)) throws = 0.002 * static_cast<double>(chance.between(1, 25));
  once_in.crash = sometimes(1s, 10s);
  once_in.weather = sometimes(1s, 5s);
  once_in.partition = sometimes(3s, 10s);
  once_in.no_sync = sometimes(3s, 10s);
  once_in.full = sometimes(3s, 10s);
  refusals = chance.chance(0.2);
  if (of == kind::edges) return;
  lost_answers = chance.chance(0.5);
  once_in.kill = sometimes(2s, 10s);
  if (of == kind::processes) return;
  once_in.power_loss = sometimes(2s, 10s);
  if (of == kind::power) return;
  once_in.replace = sometimes(2s, 10s);
  once_in.move = sometimes(3s, 10s);
  once_in.reconnect = sometimes(4s, 10s);
}

std::string plan::describe() const {
  static constexpr const char* names[] = {"edges", "processes", "power", "everything"};
  std::string text = std::string(names[static_cast<unsigned>(of)]) + (writers.always ? ", always" : ", every second");
  for (const auto& cell : cells) {
    text += "\n  " + cell.id + " in process " + std::to_string(cell.process);
    for (const auto& to : cell.to)
      text += " -> " + to;
  }
  for (const auto& one : sources) {
    text += "\n  source " + std::to_string(one.source) + ": " + std::to_string(one.last) + " batches of " +
            std::to_string(one.series) + (one.waits ? ", waits" : "") + (one.repeats ? ", repeats" : "");
  }
  return text;
}

}  // namespace troupe::simulation
