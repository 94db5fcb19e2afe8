#pragma once

#include <string>
#include <vector>

#include "config/schema.hpp"
#include "protocol/relabel/rule.hpp"

namespace troupe::prometheus::relabelling {

using rule = relabel::rule_options;

/// The block that prometheus.relabel calls `rule` and an endpoint `write_relabel_config`.
[[nodiscard]] const config::body_of<rule>& rule_schema();

}  // namespace troupe::prometheus::relabelling
