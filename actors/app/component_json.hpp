#pragma once

#include <string>
#include <vector>

#include "actors/runtime/controller.hpp"

namespace troupe::app {

/// A component as Alloy's API lists it: without its arguments, exports and debug info.
[[nodiscard]] std::string component_json(const runtime::component_view& of);
/// All of it; `debug_info` as the component says it, a JSON array.
[[nodiscard]] std::string component_json(const runtime::component_view& of, const std::string& debug_info);
[[nodiscard]] std::string components_json(const std::vector<runtime::component_view>& all);

}  // namespace troupe::app
