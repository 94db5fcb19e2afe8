#pragma once

#include <string>

#include "actors/app/load_log.hpp"
#include "actors/runtime/controller.hpp"

namespace troupe::app {

/// What runs, without its secrets, and how the last load ended. `path`: as it was given on the command line.
[[nodiscard]] std::string config_json(const std::string& path, const load_log& loads,
                                      const std::vector<runtime::component_view>& running,
                                      const runtime::registry& kinds);
/// What a reload would do; `same`: what it would read is what runs.
[[nodiscard]] std::string plan_json(const runtime::load_plan& plan, bool same, const runtime::registry& kinds);

}  // namespace troupe::app
