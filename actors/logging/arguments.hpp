#pragma once

#include <string>
#include <vector>

#include "actors/runtime/receiver_field.hpp"
#include "config/schema.hpp"

namespace troupe::logging {

/// logging, as it is written.
struct arguments {
  std::string level = "info";
  std::string format = "logfmt";
  std::string destination = "stderr";
  std::vector<runtime::logs_receiver> write_to;
  friend bool operator==(const arguments&, const arguments&) = default;
};

[[nodiscard]] const config::component_schema& schema();

}  // namespace troupe::logging
