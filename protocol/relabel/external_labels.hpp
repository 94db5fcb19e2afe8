#pragma once

#include "protocol/telemetry/block.hpp"

namespace troupe::relabel {

/// Adds labels to series that do not have them; those that a series has itself, or from its target, win. The series and
/// their order stay, as does the lane; chunks are shared as map_block shares them. Returns the block itself where
/// nothing is added.
[[nodiscard]] telemetry::block_ref with_external_labels(const telemetry::block_ref& block,
                                                        const telemetry::label_set& external);

}  // namespace troupe::relabel
