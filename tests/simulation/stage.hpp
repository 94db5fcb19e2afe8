#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/runtime/cell.hpp"
#include "actors/runtime/timers.hpp"
#include "protocol/journal/journal.hpp"
#include "tests/simulation/sample_batch.hpp"
#include "tests/simulation/simulated_backend.hpp"

namespace troupe::simulation {

/// What a component in the simulation may ask for; the part that component_context has in the running system.
class stage {
 public:
  virtual ~stage() = default;
  [[nodiscard]] virtual time_point now() const = 0;
  [[nodiscard]] virtual std::int64_t wall_ms() const = 0;
  [[nodiscard]] virtual runtime::timer at(time_point when, std::function<void()> what) = 0;
  virtual void push(const runtime::batch_ref& batch, runtime::receipt of) = 0;
  [[nodiscard]] virtual bool has_room() const = 0;
  /// Chance may end the component here.
  virtual void hazard(const char* where) = 0;
  /// For whoever reads the trace.
  virtual void note(const std::string& what) = 0;

  using answered = std::function<void(const backend_answer&)>;
  /// `then` is called later as a handler of this component, unless it is gone by then.
  virtual void send(unsigned endpoint, const std::string& journal, std::vector<sample> what, answered then) = 0;
  /// Runs the ticket after a while, beside the component, which hears of it if it is still there.
  virtual void sync(std::shared_ptr<journal::journal::sync_ticket> ticket, std::function<void()> then) = 0;
};

}  // namespace troupe::simulation
