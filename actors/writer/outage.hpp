#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "actors/runtime/supervision.hpp"

namespace troupe::writer {

/// Decides which failures of a backend are worth a line: the first, then one a minute, however fast it fails. So
/// telling of them costs little, and cannot feed itself where what fails is the delivery of the collector's own log.
class outage {
 public:
  struct telling {
    bool worth_a_line = false;
    std::uint64_t untold = 0;  ///< with a line: the failures since the last one
  };
  /// `lasting`: the request will be tried again, or was given up for that; else the backend refused just this one.
  [[nodiscard]] telling failed(runtime::time_point now, bool lasting = true) {
    ++failures_;
    if (last_line_ && now - *last_line_ < quiet) return ++untold_, telling{};
    last_line_ = now;
    told_ = told_ || lasting;
    return {true, std::exchange(untold_, 0)};
  }
  /// One more, told by somebody else.
  void count() { ++failures_; }
  /// How many failures in a row are over now, where somebody was told that it lasts.
  [[nodiscard]] std::optional<std::uint64_t> over() {
    const auto failures = std::exchange(failures_, 0);
    return std::exchange(told_, false) ? std::optional(failures) : std::nullopt;
  }

  static constexpr runtime::clock_duration quiet = std::chrono::minutes(1);

 private:
  std::optional<runtime::time_point> last_line_;
  std::uint64_t failures_ = 0, untold_ = 0;
  bool told_ = false;
};

}  // namespace troupe::writer
