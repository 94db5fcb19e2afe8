#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "protocol/telemetry/block.hpp"

namespace troupe::telemetry {

/// What an edge carries: samples, log lines, or otelcol signals of any kind.
enum class signal : std::uint8_t { metrics, logs, otlp };

/// Which trace the work belongs to that made a batch (W3C trace context); all zero: none.
struct trace_context {
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> span_id{};
  bool sampled = false;
  friend bool operator==(const trace_context&, const trace_context&) = default;
};

/// What crosses an edge: immutable, shared by all receivers, at most 1 MiB when encoded.
class batch {
 public:
  virtual ~batch() = default;
  [[nodiscard]] virtual signal kind() const = 0;
  [[nodiscard]] virtual std::size_t items() const = 0;  ///< samples, entries or spans
  [[nodiscard]] virtual std::size_t bytes() const = 0;  ///< memory it holds beyond what it shares with other batches

  trace_context context;
  bool self_telemetry = false;  ///< caused by delivering own telemetry: not reported again
  bool source_waits =
      false;  ///< its source can be held back (a file, a request); others lose the oldest where an edge is full
};
using batch_ref = std::shared_ptr<const batch>;

/// An exemplar of one sample (OpenMetrics 1.0, "Exemplars").
struct exemplar {
  std::uint32_t series = 0;  ///< index in the block
  std::string labels;        ///< as text, `{trace_id="…"}`
  double value = 0;
  std::int64_t timestamp_ms = 0;
  friend bool operator==(const exemplar&, const exemplar&) = default;
};

/// One value for each series of a block, at one time.
class metrics_batch final : public batch {
 public:
  /// In `own_timestamps_ms`: this series has the batch's timestamp.
  static constexpr std::int64_t no_timestamp = std::numeric_limits<std::int64_t>::min();

  [[nodiscard]] signal kind() const override { return signal::metrics; }
  [[nodiscard]] std::size_t items() const override { return values.size(); }
  [[nodiscard]] std::size_t bytes() const override;
  [[nodiscard]] std::int64_t timestamp_of(std::size_t series) const {
    return own_timestamps_ms.empty() || own_timestamps_ms[series] == no_timestamp ? timestamp_ms
                                                                                  : own_timestamps_ms[series];
  }

  block_ref block;
  std::int64_t timestamp_ms = 0;                ///< Unix time
  std::vector<double> values;                   ///< one per series of the block, bit-exact
  std::vector<std::int64_t> own_timestamps_ms;  ///< empty, or one per series
  std::vector<exemplar> exemplars;              ///< sorted by series; at most one per series
};
using metrics_ref = std::shared_ptr<const metrics_batch>;

/// A batch with only these series (indices in the block, ascending), of a block of its own; the lane is the same.
[[nodiscard]] std::shared_ptr<metrics_batch> select(const metrics_batch& from, std::span<const std::uint32_t> series);

}  // namespace troupe::telemetry
