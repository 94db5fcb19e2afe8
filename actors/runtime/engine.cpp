#include "actors/runtime/engine.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <shared_mutex>
#include <unordered_map>

#include "actors/runtime/actors.hpp"

namespace troupe::runtime {

namespace {

struct driver {
  std::shared_ptr<host> driven;
  const clocks* time = nullptr;
  std::uint64_t generation = 0;
  unsigned unflushed = 0;  // messages since the last flush
  std::optional<time_point> armed;
  static constexpr const char* name = "cell";
};

/// Handles a message, and counts the time that it takes.
template <class F>
void spend(driver& in, F&& handle) {
  const auto began = in.time->now();
  handle(*in.driven);
  in.driven->was_busy(in.time->now() - began);
}

/// After a message: when no more wait, or some have been handled, what they led to goes out, and a wake_up is ordered
/// if the host wants one.
void settle(cell_actor::stateful_pointer<driver> self) {
  constexpr unsigned most_unflushed = 16;
  auto& state = self->state;
  if (!self->mailbox().empty() && ++state.unflushed < most_unflushed) return;
  state.unflushed = 0;
  state.driven->flush();
  const auto wanted = state.driven->wake_at();
  if (!wanted || (state.armed && *state.armed <= *wanted)) return;
  state.armed = wanted;
  const auto delay = std::max(clock_duration::zero(), *wanted - state.time->now());
  self->delayed_send(self, delay, wake_up{++state.generation});
}

cell_actor::behavior_type drive(cell_actor::stateful_pointer<driver> self, std::shared_ptr<host> driven,
                                const clocks* time) {
  self->state.driven = std::move(driven);
  self->state.time = time;
  // A component's exceptions end in its cell. What gets here is a fault of ours: the words must reach the supervisor.
  self->set_exception_handler([](std::exception_ptr& thrown) -> caf::error {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
      return caf::make_error(caf::sec::runtime_error, e.what());
    } catch (...) {
      return caf::make_error(caf::sec::runtime_error, "an exception that is no std::exception");
    }
  });
  self->set_default_handler([](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
    return caf::sec::unexpected_message;
  });
  return {
      [self](const edge_mail& mail) {
        spend(self->state, [&](host& one) { one.on_mail(mail); });
        settle(self);
      },
      [self](const posted& what) {
        spend(self->state, [&](host& one) { one.on_posted(what.run); });
        settle(self);
      },
      [self](const wake_up& what) {
        if (what.generation != self->state.generation) return;
        self->state.armed.reset();
        spend(self->state, [](host& one) { one.on_time(); });
        settle(self);
      },
      [self](const leave&) {
        self->state.driven->flush();
        self->quit();
      },
  };
}

detached_actor::behavior_type serve_alone(detached_actor::pointer self) {
  return {
      [](const posted& what) { what.run(); },
      [self](const leave&) { self->quit(); },
  };
}

struct settings : caf::actor_system_config {
  explicit settings(unsigned threads) {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", static_cast<std::size_t>(threads));
    set("scheduler.max-throughput", static_cast<std::size_t>(50));
    set("logger.verbosity", caf::atom("quiet"));
  }
};

}  // namespace

struct engine::inside {
  explicit inside(unsigned threads) : config(threads), system(config), errands(system.spawn(serve_alone)) {}
  ~inside() { caf::anon_send(errands, leave{}); }

  [[nodiscard]] cell_actor find(const std::string& id) const {
    std::shared_lock lock(mutex);
    const auto at = actors.find(id);
    return at == actors.end() ? cell_actor{} : at->second;
  }

  settings config;
  caf::actor_system system;
  detached_actor errands;  // runs what `later` was given
  mutable std::shared_mutex mutex;
  std::unordered_map<std::string, cell_actor> actors;
};

engine::engine(unsigned threads) : inside_(std::make_shared<inside>(threads)) {}
engine::~engine() = default;

void engine::add(const std::shared_ptr<host>& one,
                 std::function<void(const std::string&, config::value)> exports_changed) {
  auto actor = inside_->system.spawn(drive, one, &one->shared().time);
  host_links links;
  std::weak_ptr<inside> weak = inside_;
  links.send = [weak](edge_mail mail) {
    if (auto in = weak.lock()) {
      if (auto to = in->find(mail.to)) caf::anon_send(to, std::move(mail));
    }
  };
  links.post = [weak_actor = caf::actor_cast<caf::weak_actor_ptr>(actor)](std::function<void()> what) {
    if (auto to = caf::actor_cast<cell_actor>(weak_actor)) caf::anon_send(to, posted{std::move(what)});
  };
  links.exports_changed = std::move(exports_changed);
  one->link(std::move(links));
  std::unique_lock lock(inside_->mutex);
  inside_->actors[one->id()] = std::move(actor);
}

void engine::remove(const std::string& id) {
  std::unique_lock lock(inside_->mutex);
  const auto at = inside_->actors.find(id);
  if (at == inside_->actors.end()) return;
  caf::anon_send(at->second, leave{});
  inside_->actors.erase(at);
}

void engine::post(const std::string& id, std::function<void()> what) {
  if (auto to = inside_->find(id)) caf::anon_send<caf::message_priority::high>(to, posted{std::move(what)});
}

void engine::later(clock_duration delay, std::function<void()> what) {
  caf::delayed_anon_send(inside_->errands, delay, posted{std::move(what)});
}

namespace {

class detached_handle final : public detached {
 public:
  explicit detached_handle(caf::actor_system& system)
      : system_(system), actor_(system.spawn<caf::detached>(serve_alone)) {}
  ~detached_handle() override {
    caf::scoped_actor waiting(system_);
    caf::anon_send(actor_, leave{});
    waiting->wait_for(actor_);
  }
  void post(std::function<void()> what) override { caf::anon_send(actor_, posted{std::move(what)}); }

 private:
  caf::actor_system& system_;
  detached_actor actor_;
};

}  // namespace

std::unique_ptr<detached> engine::make_detached() {
  return std::make_unique<detached_handle>(inside_->system);
}

}  // namespace troupe::runtime
