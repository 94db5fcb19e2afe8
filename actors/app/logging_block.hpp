#pragma once

#include "actors/runtime/log_subscriber.hpp"
#include "actors/runtime/registry.hpp"

namespace troupe::app {

/// `logging`: how the collector's own log is written. The subscriber outlives the definition.
[[nodiscard]] runtime::setting_definition logging_block(runtime::log_subscriber& log);

}  // namespace troupe::app
