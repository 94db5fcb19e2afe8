#pragma once

#include <functional>

#include "protocol/relabel/block_map.hpp"

namespace troupe::relabel {

/// Changes one series' labels, sorted before and after; false: the series goes.
using change = std::function<bool(telemetry::label_buffer&)>;

/// The block whose series' labels are changed one by one, written so that it shares chunks and common labels as far as
/// it can. `to_change` is called once per series, in order.
[[nodiscard]] mapped rewrite(const telemetry::series_block& block, const change& to_change);

}  // namespace troupe::relabel
