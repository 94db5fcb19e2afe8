#include "protocol/http/header_name.hpp"

#include <algorithm>
#include <cctype>

namespace troupe::http {

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace troupe::http
