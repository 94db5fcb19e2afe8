#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/exposition/page.hpp"
#include "protocol/telemetry/result.hpp"

namespace troupe::exposition {

/// The Accept header for a list of protocol names (`OpenMetricsText1.0.0`, …) and an escaping scheme (`underscores`,
/// …).
[[nodiscard]] std::string accept_header(const std::vector<std::string>& protocols, std::string_view escaping);

/// Which parser a response's Content-Type selects; `fallback` (a protocol name, may be empty) where it is missing or
/// unknown.
[[nodiscard]] result<format> format_of(std::string_view content_type, std::string_view fallback);

/// What a server answers to a request with this Accept header: the best of text 0.0.4 and OpenMetrics 1.0.0.
[[nodiscard]] format negotiate(std::string_view accept);
[[nodiscard]] std::string_view content_type(format kind);

}  // namespace troupe::exposition
