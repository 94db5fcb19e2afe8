#include "tests/simulation/place.hpp"

namespace troupe::simulation {

using namespace std::chrono_literals;

void world::place::start() {
  cell_->connect(0, what_.to);
  cell_->on_failure = [this](const runtime::cell::failure& how) {
    ++life_;
    world_.note(id() + " failed: " + how.what + (how.quarantined ? " (quarantined)" : ""));
    if (what_.what == role::writer) world_.excuse_writer_death(*this);
  };
  if (what_.what == role::stuck) return;  // takes nothing, ever
  if (what_.what == role::source) {
    cell_->on_room = [this] { static_cast<source&>(*cell_->component()).on_room(); };
  }
  cell_->start(now(), [this] {
    hazard("being made");
    return world_.make(*this);
  });
}

void world::place::on_time() {
  cell_->on_time(now());
  while (const auto due = timers_.take_due(now()))
    cell_->run(now(), due);
}

std::optional<time_point> world::place::wake_at() const {
  const auto timer = timers_.next(), edges = cell_->wake_at();
  if (!timer || !edges) return timer ? timer : edges;
  return std::min(*timer, *edges);
}

void world::place::crash() {
  cell_->run(now(), [] { throw std::runtime_error("a handler fails"); });
}

void world::place::end() {
  ++life_;
  cell_.reset();
}

void world::place::hazard(const char* where) {
  if (world_.trouble_ && world_.chance_.chance(world_.plan_.throws)) throw std::runtime_error(where);
}

std::function<void()> world::place::posted(std::function<void()> what) {
  return [weak = weak_from_this(), life = life_, what = std::move(what)] {
    const auto self = weak.lock();
    if (self && self->cell_ && self->life_ == life) self->cell_->run(self->now(), what);
  };
}

void world::place::send(unsigned endpoint, const std::string& journal, std::vector<sample> what, answered then) {
  auto& disk = *world_.processes_[what_.process].disk;
  if (disk.dead()) return;
  world_.note(id() + " sends " + std::to_string(what.size()) + " samples from " + describe(what.front()));
  world_.in(world_.way(), [this, self = shared_from_this(), endpoint, journal, what = std::move(what),
                           then = std::move(then), life = life_] {
    const auto answer = world_.backend(writes_as(), endpoint).receive(journal, what, world_.chance_);
    // Nothing heard: the client gives up.
    const auto delay = answer ? world_.way() : clock_duration(std::chrono::seconds(5));
    if (life != life_) return;
    world_.in(delay, posted([then, answer] { then(answer.value_or(backend_answer{})); }));
  });
}

void world::place::sync(std::shared_ptr<journal::journal::sync_ticket> ticket, std::function<void()> then) {
  auto& disk = *world_.processes_[what_.process].disk;
  const auto takes =
      world_.trouble_ ? world_.chance_.between(clock_duration(100us), world_.plan_.longest_sync) : clock_duration(1ms);
  world_.in(takes, [&disk, life = disk.life(), ticket, then = posted(std::move(then))] {
    if (disk.life() != life) return;
    ticket->run();
    if (!disk.dead()) then();
  });
}

}  // namespace troupe::simulation
