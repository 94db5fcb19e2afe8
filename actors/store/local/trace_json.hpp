#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/otlp/span.hpp"

namespace troupe::store {

/// Attributes as a JSON object; of two with one key the last counts. Integers that a double can't hold, and numbers
/// that are none, are texts; what is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string attributes_json(const std::vector<otlp::attribute>& all);
/// What of a span has no column of its own: attributes, events, scope and status message.
[[nodiscard]] std::string detail_json(const otlp::span& of);

[[nodiscard]] std::string_view kind_name(std::int64_t kind);
[[nodiscard]] std::string_view status_name(std::int64_t status);

}  // namespace troupe::store
