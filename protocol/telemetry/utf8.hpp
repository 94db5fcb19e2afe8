#pragma once

#include <string>
#include <string_view>

namespace troupe::telemetry {

[[nodiscard]] bool is_valid_utf8(std::string_view text);

/// Appends the text, each byte that belongs to no valid sequence as U+FFFD.
void append_repaired_utf8(std::string_view text, std::string& out);

}  // namespace troupe::telemetry
