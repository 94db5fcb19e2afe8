#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace troupe::runtime {

using clock_duration = std::chrono::nanoseconds;
/// Steady time: from the machine in the running system, invented in tests and in the simulation.
using time_point = std::chrono::time_point<std::chrono::steady_clock, clock_duration>;

struct restart_policy {
  clock_duration first = std::chrono::milliseconds(100);
  clock_duration longest = std::chrono::seconds(30);
  clock_duration calm = std::chrono::seconds(60);  ///< after running this long the next failure counts as the first
  unsigned kills_to_quarantine = 3;                ///< a batch that killed its consumer so often is not tried again
};

/// When a failed component starts again: exponential back-off with jitter (between half and the whole delay).
class supervision {
 public:
  explicit supervision(std::uint64_t seed, restart_policy policy = {}) : policy_(policy), random_(seed) {}

  void started(time_point now) { started_ = now; }

  /// How long to wait before the next start.
  [[nodiscard]] clock_duration failed(time_point now) {
    if (now - started_ >= policy_.calm) failures_ = 0;
    clock_duration delay = policy_.longest;
    if (failures_ < 16) delay = std::min(policy_.longest, policy_.first * (1u << failures_));
    ++failures_, ++restarts_;
    std::uniform_int_distribution<clock_duration::rep> jitter(delay.count() / 2, delay.count());
    return clock_duration(jitter(random_));
  }

  [[nodiscard]] std::uint64_t restarts() const { return restarts_; }
  [[nodiscard]] const restart_policy& policy() const { return policy_; }

 private:
  restart_policy policy_;
  std::mt19937_64 random_;
  time_point started_{};
  unsigned failures_ = 0;
  std::uint64_t restarts_ = 0;
};

}  // namespace troupe::runtime
