#pragma once

#include <functional>
#include <string>

#include "actors/runtime/tap.hpp"

namespace troupe::app {

/// Each item of a batch as a line for people, in Alloy's words, such as `[OUT] to loki.write.default: timestamp: …,
/// entry: "…"`; `wanted` is asked for each. What came from outside is quoted: an item is one line, and contains no
/// tap_separator. One that is longer than a few kilobytes ends with "…".
void describe(const runtime::tap::sight& of, const std::function<bool()>& wanted,
              const std::function<void(std::string)>& line);

}  // namespace troupe::app
