#pragma once

#include <string>
#include <string_view>

#include "protocol/telemetry/result.hpp"

namespace troupe::app {

/// Gives a file that is there another content: whole, or not at all. Its mode stays, and a link stays a link. Only
/// where no file can be made beside it, for want of permission, it is written in place. Errors: the path and the
/// system's reason.
[[nodiscard]] result<void> replace_content(const std::string& path, std::string_view content);

/// Writes all of it to standard output. Errors: the system's reason.
[[nodiscard]] result<void> write_output(std::string_view text);

}  // namespace troupe::app
