#include "actors/app/suggestion.hpp"

#include <algorithm>

namespace troupe::app {

namespace {

/// How many characters must change to make one from the other.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string closest(const std::string& to, const std::vector<std::string>& among) {
  std::string best;
  std::size_t least = std::max<std::size_t>(2, to.size() / 3) + 1;
  for (const auto& one : among) {
    if (const auto d = distance(to, one); d < least) least = d, best = one;
  }
  return best;
}

}  // namespace

std::string suggestion(const std::string& written, const std::vector<std::string>& among) {
  const auto meant = closest(written, among);
  return meant.empty() ? "" : "Did you mean " + meant + "?\n";
}

}  // namespace troupe::app
