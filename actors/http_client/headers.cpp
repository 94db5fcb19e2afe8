#include "actors/http_client/headers.hpp"

#include <algorithm>

#include "protocol/http/header_name.hpp"

namespace troupe::http_client {

config::complaints check_headers(const std::map<std::string, std::string>& headers,
                                 std::initializer_list<std::string_view> reserved) {
  config::complaints all;
  for (const auto& [name, value] : headers) {
    const auto is = [&header = name](auto one) { return http::same_name(one, header); };
    if (std::any_of(reserved.begin(), reserved.end(), is)) {
      all.push_back({"headers", "header \"" + name + "\" is reserved: it can't be changed"});
    } else if (!http::valid_header(name, value)) {
      all.push_back({"headers", "\"" + name + "\" is no valid header"});
    }
  }
  return all;
}

http::client_options identified(http::client_options options, const runtime::services& shared,
                                const std::map<std::string, std::string>& own) {
  const auto given = [](const auto& headers, std::string_view name) {
    return std::any_of(headers.begin(), headers.end(), [&](const auto& h) { return http::same_name(h.first, name); });
  };
  for (const auto* name : {"X-Agent-Id", "X-Alloy-Id"}) {
    if (shared.uid.empty() || given(own, name) || given(options.http_headers, name)) continue;
    options.http_headers.emplace(name, shared.uid);
  }
  return options;
}

}  // namespace troupe::http_client
