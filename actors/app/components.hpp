#pragma once

#include "actors/runtime/registry.hpp"

namespace troupe::app {

/// Every component there is. A new one is one line here.
void add_components(runtime::registry& to);

}  // namespace troupe::app
