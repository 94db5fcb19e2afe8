#pragma once

#include <string>

namespace troupe::app {

class collector;

/// The whole collector at a glance, small enough to be asked every second: components with their health, and the ledger
/// of every edge. Documented in this folder's README.
[[nodiscard]] std::string status_json(collector& of);

}  // namespace troupe::app
