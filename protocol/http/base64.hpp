#pragma once

#include <string>
#include <string_view>

namespace troupe::http {

/// RFC 4648, with padding: what follows "Basic ".
[[nodiscard]] std::string base64(std::string_view plain);

}  // namespace troupe::http
