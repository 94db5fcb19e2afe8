#pragma once

#include <string_view>

#include "actors/app/options.hpp"

namespace troupe::app {

// Commands that do one thing and end; each returns the exit code.
[[nodiscard]] int validate(const command& asked);
[[nodiscard]] int format(const command& asked);
[[nodiscard]] int list_components(const command& asked);
[[nodiscard]] int tap(const command& asked);  ///< until it is interrupted or the stream ends
[[nodiscard]] int print_version();

/// On standard output: what a command has to say. 1: it can't be written, which is told.
[[nodiscard]] int print(std::string_view text);

}  // namespace troupe::app
