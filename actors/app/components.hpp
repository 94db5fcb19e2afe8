#pragma once

#include <memory>

#include "actors/logging/own_log.hpp"
#include "actors/runtime/registry.hpp"
#include "actors/tracing/own_traces.hpp"

namespace troupe::app {

/// Every component there is. A new one is one line here.
void add_components(runtime::registry& to);

/// What tells of the collector itself, from its events.
struct own_telemetry {
  runtime::event_bus& events;
  std::shared_ptr<logging::own_log> log;
  std::shared_ptr<tracing::own_traces> traces;
};
/// The configuration blocks that say where that goes. They refer to `of`.
void add_blocks(runtime::registry& to, const own_telemetry& of);

}  // namespace troupe::app
