#include "tests/simulation/world.hpp"

#include <cstdio>
#include <cstdlib>

#include "tests/simulation/place.hpp"

namespace troupe::simulation {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_steps = 200'000;
constexpr auto longest_calm = std::chrono::minutes(10);

}  // namespace

world::world(plan what)
    : plan_(std::move(what)), chance_(plan_.seed ^ 0x5eed), trace_(std::getenv("SIMULATION_TRACE") != nullptr) {
  for (unsigned i = 0; i < plan_.processes; ++i)
    processes_.push_back({std::make_unique<simulated_disk>(chance_)});
  for (const auto& one : plan_.sources)
    sources_.push_back({one, 1, {}, {}});
  std::size_t next_source = 0;
  for (const auto& one : plan_.cells) {
    placements_[one.id] = one;
    if (one.what == role::source) source_of_[one.id] = &sources_[next_source++];
    if (one.what == role::writer) directories_[one.id] = one.id + ".0";
  }
  for (const auto& [id, one] : placements_)
    build(one, directories_[id]);
}

world::~world() {
  for (const auto& [id, one] : places_)
    one->end();  // what they say at their end is said to what is still there
  events_ = {};
}

void world::in(clock_duration delay, std::function<void()> what) {
  events_.push({now_ + delay, ++order_, std::move(what)});
}

clock_duration world::way() {
  return trouble_ ? chance_.between(clock_duration(100us), plan_.longest_way) : clock_duration(1ms);
}

void world::note(const std::string& what) const {
  if (!trace_) return;
  std::fprintf(stderr, "%10.4f %s\n", std::chrono::duration<double>(now_ - began_).count(), what.c_str());
}

void world::run() {
  schedule_faults();
  const auto end = now_ + plan_.trouble;
  while (step(end)) {
  }
  now_ = end;
  note("calm");
  calm_down();
  after_step();
  const auto deadline = now_ + longest_calm;
  while (!quiet()) {
    if (!step(deadline)) broken("it becomes quiet when nothing fails any more: " + unrest());
  }
  check_end();
}

std::optional<time_point> world::next_time() const {
  std::optional<time_point> soonest;
  if (!events_.empty()) soonest = events_.top().at;
  for (const auto& [id, one] : places_) {
    if (const auto at = one->wake_at()) soonest = soonest ? std::min(*soonest, *at) : *at;
  }
  return soonest;
}

bool world::step(time_point until) {
  const auto at = next_time();
  if (!at || *at > until) return false;
  now_ = std::max(now_, *at);
  if (++steps_ > most_steps) broken("time passes: too many steps; " + unrest());
  if (!events_.empty() && events_.top().at <= now_) {
    const auto what = events_.top().what;
    events_.pop();
    what();
  } else {
    for (const auto& [id, one] : std::map(places_)) {
      if (const auto due = one->wake_at(); due && *due <= now_) one->on_time();
    }
  }
  after_step();
  return true;
}

void world::after_step() {
  for (unsigned i = 0; i < processes_.size(); ++i) {
    if (processes_[i].up && processes_[i].disk->dead()) process_ended(i);
  }
  for (const auto& [id, one] : places_) {
    for (auto& mail : one->cell().take_mail())
      post(*one, std::move(mail));
  }
  for (auto& one : sources_)
    one.note_ended();
  check_always();
}

void world::post(const place& from, runtime::edge_mail mail) {
  const auto to = places_.find(mail.to);
  if (to == places_.end()) return;
  const auto a = from.what().process, b = to->second->what().process;
  if (cut_.contains({std::min(a, b), std::max(a, b)})) return;
  if (trouble_ && chance_.chance(plan_.loss)) return note("lost: " + mail.from + " to " + mail.to);
  // Reaches the one that is there now; what takes its place begins anew.
  for (int copies = trouble_ && chance_.chance(plan_.doubling) ? 2 : 1; copies > 0; --copies) {
    in(way(), [this, mail, to = std::weak_ptr(to->second)] {
      const auto now = places_.find(mail.to);
      if (now != places_.end() && now->second == to.lock()) deliver(mail);
    });
  }
}

void world::deliver(const runtime::edge_mail& mail) {
  auto& to = *places_.at(mail.to);
  if (trace_) {
    std::string text = mail.from + " to " + mail.to + ": ";
    if (const auto* offer = std::get_if<runtime::edge_offer>(&mail.what)) {
      text += "offers " + (offer->batches.empty() ? "nothing"
                                                  : std::to_string(offer->batches.front().number) + " to " +
                                                        std::to_string(offer->batches.back().number));
    } else {
      const auto& answer = std::get<runtime::edge_answer>(mail.what);
      text += "has received " + std::to_string(answer.received) + ", taken " + std::to_string(answer.taken) +
              (answer.rewind ? ", rewind" : "") + ", settled";
      for (const auto& [number, how] : answer.settled)
        text += " " + std::to_string(number) + how.rejected;
    }
    note(text);
  }
  std::visit([&](const auto& what) { to.cell().on_mail(now_, mail.from, what); }, mail.what);
}

void world::build(const placement& one, const std::string& directory) {
  auto& there = places_[one.id];
  there = std::make_shared<place>(*this, one, directory);
  there->start();
}

std::unique_ptr<runtime::consumer> world::make(place& in) {
  switch (in.what().what) {
    case role::source:
      return std::make_unique<source>(in, *source_of_.at(in.id()));
    case role::passer:
      return std::make_unique<passer>(in);
    case role::merger:
      return std::make_unique<merger>(in, plan_.merge, 300ms);
    case role::sifter:
      return std::make_unique<sifter>(in, plan_.merge, 300ms);
    case role::hoarder:
      return std::make_unique<hoarder>();
    case role::stuck:
      break;
    case role::writer:
      return std::make_unique<writer>(in, *processes_[in.what().process].disk, in.directory(), plan_.writers,
                                      witnesses_[in.directory()]);
  }
  throw std::logic_error("this one has no component");
}

void world::destroy(const std::string& id) {
  const auto at = places_.find(id);
  if (at == places_.end()) return;
  for (const auto& [consumer, counts] : at->second->cell().ledgers()) {
    for (const auto& [reason, amount] : counts.dropped)
      dropped_[{id, consumer}] += amount.items;
  }
  if (at->second->what().what == role::source) {
    auto& record = *source_of_.at(id);
    record.note_ended();
    const bool again = record.settings.repeats;
    for (const auto number : record.cell_lost()) {
      if (!again) continue;
      for (const auto& one : record.samples(number))
        excuse_repeated(one);
    }
  }
  const auto ended = at->second;
  places_.erase(at);
  ended->end();
}

simulated_backend& world::backend(const std::string& writer, unsigned endpoint) {
  return backends_[writer + '/' + std::to_string(endpoint)];
}

std::size_t world::doubled() const {
  std::size_t sum = 0;
  for (const auto& [name, one] : backends_)
    sum += one.doubled();
  return sum;
}

std::size_t world::received() const {
  std::size_t sum = 0;
  for (const auto& [name, one] : backends_)
    sum += one.received();
  return sum;
}

}  // namespace troupe::simulation
