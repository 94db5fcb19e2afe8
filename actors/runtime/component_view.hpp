#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/runtime/host.hpp"

namespace troupe::runtime {

/// Where a block stands: lines from 1, both included.
struct source_place {
  std::string file;
  std::uint32_t first_line = 0, last_line = 0;
};

/// A component as the API shows it. The host tells its health and edges as they are when asked.
struct component_view {
  std::string id;     ///< prometheus.scrape.default
  std::string name;   ///< prometheus.scrape
  std::string label;  ///< default
  std::vector<std::string> uses, used_by;
  std::string arguments_json, exports_json;  ///< in the API's form, as of the last evaluation
  std::shared_ptr<host> running;
  bool block = false;  ///< a configuration block (`logging`), not a component
  source_place place;
};

[[nodiscard]] inline std::optional<component_view> find(const std::vector<component_view>& in, std::string_view id) {
  for (const auto& one : in) {
    if (one.id == id) return one;
  }
  return std::nullopt;
}

using component_views = std::shared_ptr<const std::vector<component_view>>;

}  // namespace troupe::runtime
