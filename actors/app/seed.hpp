#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "protocol/telemetry/result.hpp"

namespace troupe::app {

/// The collector's own UUID, the same for as long as the storage path is: read from `seed.json` there, which is written
/// where it isn't or holds none. Fails when it can't be written.
[[nodiscard]] result<std::string> collector_uid(const std::filesystem::path& storage, std::string_view version);

}  // namespace troupe::app
