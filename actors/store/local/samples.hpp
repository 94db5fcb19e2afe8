#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::store {

struct sample {
  std::int64_t time_ms = 0;
  double value = 0;  ///< bit-exact: stale markers are kept
};

/// The samples of one series, oldest first: differences of the times' differences, and of each value the bytes in which
/// it differs from the one before. A steady counter costs three bytes.
[[nodiscard]] std::string pack(const std::vector<sample>& samples);
/// Appends them; false: damaged (what could be read is there).
bool unpack(std::string_view bytes, std::vector<sample>& out);

}  // namespace troupe::store
