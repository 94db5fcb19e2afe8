#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/runtime/component_view.hpp"
#include "actors/runtime/engine.hpp"
#include "actors/runtime/graph.hpp"

namespace troupe::runtime {

/// What a load would do to one component.
struct planned_change {
  enum class kind : std::uint8_t { added, removed, updated } what = kind::updated;
  std::string id;
  std::string before_json, after_json;  ///< arguments in the API's form; empty where there are none
};
struct load_plan {
  config::diagnostics diagnostics;
  std::vector<planned_change> changes;  ///< sorted by id
  std::size_t unchanged = 0;
  [[nodiscard]] bool ok() const { return !diagnostics.has_errors(); }
};

struct load_result {
  config::diagnostics diagnostics;
  work span;  ///< of the load
  [[nodiscard]] bool ok() const { return !diagnostics.has_errors(); }
};

struct controller_options {
  language_limits language;
  clock_duration drain_deadline =
      std::chrono::seconds(30);  ///< for a component that is removed, and for each rank at the end
};

/// Turns configurations into running components. Loads, re-evaluations and the end happen in one thread of its own, in
/// turn.
class controller {
 public:
  controller(const registry& kinds, services& shared, engine& actors, controller_options options);
  ~controller();  ///< stop() first
  controller(const controller&) = delete;

  /// Whole or not at all. `done` is called in the controller's thread. Any thread.
  void load(std::shared_ptr<const configuration> what, std::function<void(const load_result&)> done);
  [[nodiscard]] load_result load(std::shared_ptr<const configuration> what);  ///< waits

  /// What load() would do and say, but for what only making a component shows. Nothing is made. As load() otherwise.
  void plan(std::shared_ptr<const configuration> what, std::function<void(const load_plan&)> done);

  /// Sources first, each rank with its deadline; returns when all have ended. `farewell` is called in the controller's
  /// thread before those end that tell of the others (registry, end_rank), with whether all before them ended in time.
  void stop(const std::function<void(bool drained)>& farewell = nullptr);

  /// All components, sorted by id, as of now. Any thread.
  [[nodiscard]] std::vector<component_view> components() const;
  [[nodiscard]] bool ready() const;  ///< the first load has succeeded

 private:
  struct inside;
  std::unique_ptr<inside> inside_;
};

/// What a load would say about the configuration, without making anything: `troupe validate`.
[[nodiscard]] config::diagnostics validate(const std::shared_ptr<const configuration>& what, const registry& kinds,
                                           const language_limits& limits);

}  // namespace troupe::runtime
