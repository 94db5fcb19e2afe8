#pragma once

#include <span>
#include <string>
#include <string_view>

#include "protocol/telemetry/label.hpp"

namespace troupe::store {

/// Labels as a JSON object, the form in which they are kept; what is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string label_json(std::span<const telemetry::label_view> labels);
/// Of what is no such object, none.
[[nodiscard]] telemetry::label_set labels_of(std::string_view json);

}  // namespace troupe::store
