#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/runtime/engine.hpp"
#include "actors/runtime/graph.hpp"

namespace troupe::runtime {

/// A component as the API shows it. The host tells its health and edges as they are when asked.
struct component_view {
  std::string id;     ///< prometheus.scrape.default
  std::string name;   ///< prometheus.scrape
  std::string label;  ///< default
  std::vector<std::string> uses, used_by;
  std::string arguments_json, exports_json;  ///< in the API's form, as of the last evaluation
  std::shared_ptr<host> running;
  bool block = false;  ///< a configuration block (`logging`), not a component
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
