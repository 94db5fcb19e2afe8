#pragma once

#include <string>

#include "actors/runtime/registry.hpp"
#include "config/diagnostic.hpp"

namespace troupe::app {

/// What is wrong, for people: each mistake with an excerpt of its file, in which no secret can be read. `kinds` say
/// where secrets stand. `colour`: for terminals.
[[nodiscard]] std::string shown(const config::diagnostics& all, const runtime::registry& kinds, bool colour = false);

}  // namespace troupe::app
