#pragma once

#include <cstdint>
#include <random>

#include "actors/runtime/supervision.hpp"

namespace troupe::simulation {

using runtime::clock_duration;
using runtime::time_point;

/// All chance of a run. The same seed throws the same on every machine: no distribution of the library is used.
class dice {
 public:
  explicit dice(std::uint64_t seed) : random_(seed * 0x9e3779b97f4a7c15u + 1) {}

  [[nodiscard]] std::uint64_t below(std::uint64_t end) { return random_() % end; }
  [[nodiscard]] std::uint64_t between(std::uint64_t least, std::uint64_t most) {
    return least + below(most - least + 1);
  }
  [[nodiscard]] clock_duration between(clock_duration least, clock_duration most) {
    return clock_duration(static_cast<clock_duration::rep>(
        between(static_cast<std::uint64_t>(least.count()), static_cast<std::uint64_t>(most.count()))));
  }
  [[nodiscard]] bool chance(double p) { return p > 0 && static_cast<double>(random_() >> 11) * 0x1p-53 < p; }

 private:
  std::mt19937_64 random_;
};

}  // namespace troupe::simulation
