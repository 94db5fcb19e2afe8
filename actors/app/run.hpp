#pragma once

#include "actors/app/options.hpp"

namespace troupe::app {

/// Runs a collector until a signal ends it; returns the exit code.
[[nodiscard]] int run(const run_options& options);

}  // namespace troupe::app
