// What must hold, at every moment and at the end; and what may be doubled or missing after which fault.

#include <algorithm>

#include "tests/simulation/place.hpp"
#include "tests/simulation/world.hpp"

namespace troupe::simulation {

void world::broken(const std::string& law) const {
  const auto seconds = std::chrono::duration<double>(now_ - began_).count();
  throw violation("after " + std::to_string(seconds) + " s: " + law + "\n" + plan_.describe());
}

/// What is not settled may come twice: a stage that knew where it had gone is no more.
void world::excuse_under_way() {
  for (const auto& record : sources_) {
    for (const auto& [number, delivery] : record.under_way) {
      for (const auto& one : record.samples(number))
        excuse_repeated(one);
    }
  }
}

/// It comes again; late, where the first time it was dropped or went into a journal that is elsewhere now.
void world::excuse_repeated(const sample& one) {
  for (auto& [name, to] : backends_)
    to.excuse_double(one), to.excuse_order(one);
}

/// It goes on where the disk says that it was.
void world::excuse_writer_death(const place& of) {
  auto& witness = witnesses_[of.directory()];
  for (unsigned i = 0; i < plan_.writers.endpoints; ++i) {
    auto& to = backend(of.writes_as(), i);
    const auto saved = witness.saved.contains(i) ? witness.saved[i] : sequence{1};
    for (auto at = witness.appended.lower_bound(saved); at != witness.appended.end(); ++at) {
      for (const auto& one : at->second)
        to.excuse_double(one);
    }
  }
}

/// What the disk had not for good is lost, where it was settled before; where it was not, it comes again, perhaps late.
void world::excuse_power_loss(unsigned process) {
  for (const auto& [id, one] : places_) {
    if (one->what().process != process || one->what().what != role::writer) continue;
    const auto& witness = witnesses_[one->directory()];
    for (unsigned i = 0; i < plan_.writers.endpoints; ++i) {
      auto& to = backend(one->writes_as(), i);
      for (auto at = witness.appended.lower_bound(witness.durable); at != witness.appended.end(); ++at) {
        for (const auto& lost : at->second) {
          to.excuse_order(lost);
          if (!plan_.writers.always) to.excuse_missing(lost);
        }
      }
    }
  }
}

void world::check_cell(const place& one) {
  const auto& cell = one.cell();
  std::size_t largest = 0;
  bool all_wait = true;
  for (const auto& record : sources_) {
    largest += (record.settings.padding + 16 * record.settings.series) * (plan_.merge + 1);
    all_wait = all_wait && record.settings.waits;
  }
  // A sifter lets go of all it holds at once; where there is a merger, that may be merged batches.
  const bool merged =
      std::any_of(placements_.begin(), placements_.end(), [](const auto& p) { return p.second.what == role::merger; });
  const std::size_t at_once = merged && one.what().what == role::sifter ? largest * plan_.merge : largest;
  for (const auto& [consumer, counts] : cell.ledgers()) {
    if (!counts.balances()) broken("the ledger of " + one.id() + " to " + consumer + " balances");
    const auto bound = plan_.limits.edge.unsettled_bytes;
    if (counts.unsettled_bytes > (all_wait ? bound : 2 * bound) + at_once) {
      broken("at most the bound is unsettled: " + one.id() + " to " + consumer + " has " +
             std::to_string(counts.unsettled_bytes) + " bytes");
    }
  }
  check_given_up(one, largest);
  // After the consumer's failure what was doubled on the way may come in addition: still no more than is unsettled.
  if (cell.restarts() > 0) return;
  const auto producers = std::count_if(placements_.begin(), placements_.end(), [&](const auto& p) {
    return std::find(p.second.to.begin(), p.second.to.end(), one.id()) != p.second.to.end();
  });
  if (cell.inbox() > plan_.limits.edge.window_batches * static_cast<std::size_t>(producers)) {
    broken("at most a window is untaken: " + one.id() + " has " + std::to_string(cell.inbox()) +
           " batches, the window is " + std::to_string(plan_.limits.edge.window_batches));
  }
}

/// The oldest goes only where the bound is reached: afterwards the edge is still about as full as it may be. On the
/// last edges only: others pass on what was given up further down.
void world::check_given_up(const place& one, std::size_t largest) {
  for (const auto& [consumer, counts] : one.cell().ledgers()) {
    if (placements_.contains(consumer) && !placements_.at(consumer).to.empty()) continue;
    const auto at = counts.dropped.find("edge_full");
    const auto now = at == counts.dropped.end() ? 0 : at->second.batches;
    auto& before = given_up_[{one.id(), consumer}];
    if (now > before && counts.unsettled_bytes + largest < plan_.limits.edge.unsettled_bytes) {
      broken("a batch is given up where the bound is reached: " + one.id() + " to " + consumer + " has " +
             std::to_string(counts.unsettled_bytes) + " bytes of " + std::to_string(plan_.limits.edge.unsettled_bytes));
    }
    before = now;
  }
}

void world::check_always() {
  for (const auto& [id, one] : places_)
    check_cell(*one);
  for (const auto& [name, one] : backends_) {
    if (!one.mistake().empty()) broken("each sample arrives once and in order: at " + name + " " + one.mistake());
  }
  for (const auto& [directory, one] : witnesses_) {
    if (!one.lost_samples.empty() && !plan_.small_journals)
      broken("a journal with room gives nothing up: " + directory);
    if (!one.complaint.empty()) broken("what is read is what was written: " + one.complaint);
  }
}

bool world::quiet() {
  for (auto& one : sources_) {
    if (!one.done()) return false;
  }
  for (const auto& [id, one] : places_) {
    if (one->cell().current() != runtime::cell::phase::running || !one->cell().drained()) return false;
    if (one->what().what == role::writer && !witnesses_[one->directory()].quiet) return false;
  }
  return std::all_of(processes_.begin(), processes_.end(), [](const auto& one) { return one.up; });
}

std::string world::unrest() {
  std::string text;
  for (const auto& one : sources_) {
    if (one.done()) continue;
    text +=
        "\n  source " + std::to_string(one.settings.source) + " is at " + std::to_string(one.next) + ", not settled:";
    for (const auto& [number, delivery] : one.under_way)
      text += " " + std::to_string(number);
  }
  for (const auto& [id, one] : places_) {
    const auto& cell = one->cell();
    text += "\n  " + id + (cell.current() == runtime::cell::phase::running ? " runs" : " does not run");
    text += ", " + std::to_string(cell.inbox()) + " untaken" + (cell.drained() ? "" : ", not drained");
    if (one->what().what == role::writer && !witnesses_[one->directory()].quiet) text += ", has something to send";
  }
  return text;
}

void world::check_arrived(const std::string& writer, unsigned endpoint, simulated_backend& at) {
  std::uint64_t given_up = 0;
  for (const auto& [id, directory] : directories_) {
    if (id.substr(0, id.find('@')) != writer) continue;
    const auto& lost = witnesses_[directory].lost_samples;
    if (lost.contains(endpoint)) given_up += lost.at(endpoint);
  }
  std::uint64_t missing = 0, rejected_missing = 0;
  std::string first;
  for (const auto& record : sources_) {
    for (const auto& [number, end] : record.ended) {
      for (const auto& one : record.samples(number)) {
        if (at.has(one) || at.may_miss(one) || end.first == source_record::end::lost) continue;
        if (end.first == source_record::end::rejected) {
          ++rejected_missing;
        } else {
          if (missing++ == 0) first = describe(one);
        }
      }
    }
  }
  if (missing > given_up) {
    broken("what is settled arrives: " + std::to_string(missing) + " samples are missing at " + writer + '/' +
           std::to_string(endpoint) + ", the first is " + first);
  }
  // What was rejected is missing only where an edge on the way has counted it.
  auto counted = given_up;
  const auto on_the_way = [&](const std::string& consumer) {
    return consumer == writer || !consumer.starts_with("writer");
  };
  for (const auto& [edge, items] : dropped_) {
    if (on_the_way(edge.second)) counted += items;
  }
  for (const auto& [id, one] : places_) {
    for (const auto& [consumer, counts] : one->cell().ledgers()) {
      if (!on_the_way(consumer)) continue;
      for (const auto& [reason, amount] : counts.dropped)
        counted += amount.items;
    }
  }
  if (rejected_missing > counted) {
    broken("what is missing was counted as dropped: " + std::to_string(rejected_missing) + " samples at " + writer +
           ", of which " + std::to_string(counted) + " were counted");
  }
}

void world::check_end() {
  for (const auto& record : sources_) {
    for (std::uint64_t number = 1; number <= record.settings.last; ++number) {
      if (record.ended.contains(number)) continue;
      broken("every batch comes to an end: source " + std::to_string(record.settings.source) + ", number " +
             std::to_string(number));
    }
  }
  for (const auto& [id, what] : placements_) {
    if (what.what != role::writer || id.find('@') != std::string::npos) continue;
    for (unsigned i = 0; i < plan_.writers.endpoints; ++i)
      check_arrived(id, i, backend(id, i));
  }
}

}  // namespace troupe::simulation
