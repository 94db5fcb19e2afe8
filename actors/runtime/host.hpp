#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "actors/runtime/component.hpp"
#include "actors/runtime/registry.hpp"
#include "actors/runtime/tap.hpp"

namespace troupe::runtime {

/// What everybody may know of a component at any moment, even while it is busy. Any thread.
class component_status {
 public:
  struct view {
    health run, own, evaluation;
    std::map<std::string, ledger> edges;              ///< by consumer
    std::vector<std::vector<std::string>> consumers;  ///< of each outlet, now
    std::uint64_t restarts = 0;
    std::size_t inbox = 0;           ///< batches that wait to be worked on
    clock_duration busy{};           ///< spent in its actor
    std::optional<traffic> outside;  ///< of this life of the component
    [[nodiscard]] health overall() const { return health::worse(health::worse(run, own), evaluation); }
  };
  [[nodiscard]] view get() const {
    std::lock_guard lock(mutex_);
    return view_;
  }
  template <class F>
  void change(F&& f) {
    std::lock_guard lock(mutex_);
    f(view_);
  }

 private:
  mutable std::mutex mutex_;
  view view_;
};

/// How a host reaches the world around it; the actor around it, or a test.
struct host_links {
  std::function<void(edge_mail)> send;              ///< to another component
  std::function<void(std::function<void()>)> post;  ///< run this in the host's actor; any thread
  std::function<void(const std::string& id, config::value)> exports_changed;
};

/// One component with everything it needs, but for the actor that drives it. prepare() runs in the thread that loads a
/// configuration; from start() on everything runs in the actor.
class host : public std::enable_shared_from_this<host> {
 public:
  host(std::string id, const component_definition& definition, services& shared);
  ~host();

  /// Makes the component: what can fail here fails the load.
  [[nodiscard]] result<void> prepare(arguments_ref arguments);
  void link(host_links links) { links_ = std::move(links); }

  /// What a handler leaves to be done (mail to send, what is shown of it) waits until flush(), so that a burst of
  /// messages is answered once.
  void flush();
  void start();
  void on_mail(const edge_mail& mail);
  void on_posted(const std::function<void()>& what);
  void on_time();
  void update(arguments_ref arguments);
  void neighbour_gone(const std::string& id);
  /// Ends in an orderly way; `done` is called, here, when nothing is left to do. Returns how long the component means
  /// to take at the most; zero: it does not say.
  clock_duration finish(std::function<void()> done);
  void ends_soon();                      ///< finish() follows
  void stop(const std::string& reason);  ///< what is still under way is given up for that reason
  /// The component's JSON; "[]" while it isn't running.
  [[nodiscard]] std::string debug_info() const;
  bool serve(const std::string& path, const http::server_request& request,
             const std::shared_ptr<http::responder>& answer);
  /// Shows it what goes over the edges, until nobody else holds it.
  void watch(const std::shared_ptr<tap>& by);
  [[nodiscard]] std::optional<time_point> wake_at() const;
  /// What its actor spent on a message.
  void was_busy(clock_duration with) { busy_ += with; }

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] component_status& status() { return status_; }
  [[nodiscard]] services& shared() const { return shared_; }

 private:
  friend class component_context;
  [[nodiscard]] component* running() const { return static_cast<component*>(cell_.component()); }
  [[nodiscard]] std::unique_ptr<component> make();
  void failed(const cell::failure& how);
  void set_run_health(health_state state, std::string message);
  void forget_taps();

  std::string id_;
  const component_definition& definition_;
  services& shared_;
  component_context context_;
  host_links links_;
  component_status status_;
  arguments_ref arguments_;
  std::shared_ptr<component_metrics> metrics_;
  timers timers_;
  std::shared_ptr<const poster::sink> sink_;  // of this life of the component; posts of earlier ones are dropped
  std::uint64_t life_ = 0;
  std::unique_ptr<component> prepared_;
  cell cell_;
  std::function<void()> finished_;
  bool finishing_ = false;
  clock_duration restart_delay_{};
  std::vector<std::vector<std::string>> consumers_;  // by outlet
  std::vector<std::weak_ptr<tap>> taps_;
  clock_duration busy_{};
};

}  // namespace troupe::runtime
