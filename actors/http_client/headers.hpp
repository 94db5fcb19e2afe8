#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "config/schema.hpp"

namespace troupe::http_client {

/// Complaints about the argument `headers`: those that can't be sent, and those that are the protocol's own
/// (`reserved`, in lower case).
[[nodiscard]] config::complaints check_headers(const std::map<std::string, std::string>& headers,
                                               std::initializer_list<std::string_view> reserved);

}  // namespace troupe::http_client
