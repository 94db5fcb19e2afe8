#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "protocol/telemetry/result.hpp"

namespace troupe::http {

/// GETs a body that may never end, and hands its pieces over as they come, in this thread; false from `take` ends it.
/// Errors: no connection, or a status other than 200, with the body's first words.
[[nodiscard]] result<void> follow(const std::string& url, const std::function<bool(std::string_view)>& take);

}  // namespace troupe::http
