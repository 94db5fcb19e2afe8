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

/// Oldest first; of several with the same time only the one that stood last.
void sort_by_time(std::vector<sample>& samples);

/// At most `points` of them, and not many fewer; all where there are no more. They are cut into pieces of equally many
/// samples, and of each are kept the first, the last, the smallest, the largest, and some between where those are the
/// same: peaks and steps stay where they were. Where there is nothing (NaN, a stale marker) for longer than what a
/// point stands for, that stays visible. They must be sorted.
[[nodiscard]] std::vector<sample> thin(const std::vector<sample>& all, std::size_t points);

}  // namespace troupe::store
