#include "actors/http_client/headers.hpp"

#include <algorithm>
#include <cctype>

#include "protocol/http/options.hpp"

namespace troupe::http_client {

config::complaints check_headers(const std::map<std::string, std::string>& headers,
                                 std::initializer_list<std::string_view> reserved) {
  config::complaints all;
  for (const auto& [name, value] : headers) {
    std::string lower = name;
    for (char& c : lower)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (std::find(reserved.begin(), reserved.end(), lower) != reserved.end()) {
      all.push_back({"headers", "header \"" + name + "\" is reserved: it can't be changed"});
    } else if (!http::valid_header(name, value)) {
      all.push_back({"headers", "\"" + name + "\" is no valid header"});
    }
  }
  return all;
}

}  // namespace troupe::http_client
