#pragma once

#include <string>
#include <vector>

#include "actors/store/local/trace_reader.hpp"

namespace troupe::store {

/// The spans as a JSON array of those that begin, each with its `children` within; what has no parent among them stands
/// with those that begin, marked as `orphan`. Each span once, circles or not. Below 200 levels children stand beside
/// their parents.
[[nodiscard]] std::string tree_json(const std::vector<found_span>& spans);

}  // namespace troupe::store
