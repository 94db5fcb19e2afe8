#include "actors/runtime/clocks.hpp"

#include <cstdio>
#include <ctime>

namespace troupe::runtime {

std::string rfc3339(std::int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  const auto length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  char rest[8];
  std::snprintf(rest, sizeof rest, ".%03dZ", static_cast<int>(unix_ms % 1000));
  return std::string(text, length) + rest;
}

}  // namespace troupe::runtime
