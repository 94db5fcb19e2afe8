#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actors/runtime/host.hpp"

namespace troupe::runtime {

/// An actor with a thread of its own, for work that may wait. What is queued when it is destroyed is still done.
class detached {
 public:
  virtual ~detached() = default;
  virtual void post(std::function<void()> what) = 0;  ///< any thread
};

/// The actors under the hosts: one each, on a few threads. Any thread.
class engine {
 public:
  explicit engine(unsigned threads);
  /// Every host must have been removed.
  ~engine();
  engine(const engine&) = delete;

  /// Gives the host its actor and its links; it is not started.
  void add(const std::shared_ptr<host>& one, std::function<void(const std::string&, config::value)> exports_changed);
  /// The actor goes after what is queued for it.
  void remove(const std::string& id);
  /// Runs in the host's actor, before what waits there; dropped unrun when there is no such host.
  void post(const std::string& id, std::function<void()> what);
  /// Runs once the time has passed, in some actor: short and without waiting.
  void later(clock_duration delay, std::function<void()> what);
  [[nodiscard]] std::unique_ptr<detached> make_detached();

 private:
  struct inside;
  std::shared_ptr<inside> inside_;
};

}  // namespace troupe::runtime
