#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/telemetry/batch.hpp"

namespace troupe::simulation {

/// One sample: the number-th push of a source, of one of a lane's series.
struct sample {
  std::uint32_t source = 0, lane = 0, series = 0;
  std::uint64_t number = 0;
  friend auto operator<=>(const sample&, const sample&) = default;
};
[[nodiscard]] std::string describe(const sample& one);

/// A batch that knows of each sample whence it is.
struct sample_batch final : telemetry::batch {
  [[nodiscard]] telemetry::signal kind() const override { return telemetry::signal::metrics; }
  [[nodiscard]] std::size_t items() const override { return samples.size(); }
  [[nodiscard]] std::size_t bytes() const override { return 16 * samples.size() + padding; }

  std::uint64_t lane = 0;
  std::size_t padding = 0;
  bool poisoned = false;  ///< whoever works on it dies
  std::vector<sample> samples;
};
using sample_batch_ref = std::shared_ptr<const sample_batch>;

[[nodiscard]] std::string encode(const sample_batch& batch);
[[nodiscard]] std::optional<sample_batch> decode(std::string_view bytes);

}  // namespace troupe::simulation
