#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/telemetry/result.hpp"

namespace troupe::store {

/// The string of PromQL that begins at `at`, at its quote: "…" and '…' with Go's escapes, `…` as it stands. `at` is
/// behind it afterwards, or at what is wrong, and the error says what was expected there. `lenient`, for regular
/// expressions: other escapes stay as they are, so that "\." need not be written "\\.".
[[nodiscard]] result<std::string> unquote(std::string_view in, std::size_t& at, bool lenient);

}  // namespace troupe::store
