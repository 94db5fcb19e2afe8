#pragma once

#include <string_view>

namespace troupe::http {

/// Header names, and schemes and encodings, are the same in any case.
[[nodiscard]] bool same_name(std::string_view a, std::string_view b);

}  // namespace troupe::http
