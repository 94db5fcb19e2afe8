#pragma once

#include <string>
#include <vector>

namespace troupe::app {

/// `Did you mean X?` as a line, where one of these is like what was written; else nothing.
[[nodiscard]] std::string suggestion(const std::string& written, const std::vector<std::string>& among);

}  // namespace troupe::app
