#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "actors/runtime/services.hpp"
#include "config/schema.hpp"
#include "protocol/http/options.hpp"

namespace troupe::http_client {

/// Complaints about the argument `headers`: those that can't be sent, and those that are the protocol's own
/// (`reserved`).
[[nodiscard]] config::complaints check_headers(const std::map<std::string, std::string>& headers,
                                               std::initializer_list<std::string_view> reserved);

/// With headers that tell a backend which collector it is (X-Agent-Id, X-Alloy-Id), but for those that `own` has.
[[nodiscard]] http::client_options identified(http::client_options options, const runtime::services& shared,
                                              const std::map<std::string, std::string>& own);

}  // namespace troupe::http_client
