#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "protocol/telemetry/batch.hpp"

namespace troupe::telemetry {

enum class otlp_kind : std::uint8_t { traces, metrics, logs };

/// Otelcol signals as the bytes they came in: an Export{Trace,Metrics,Logs}ServiceRequest. Two of one kind, one after
/// the other, are one again (protobuf: a repeated field goes on).
class otlp_batch final : public batch {
 public:
  [[nodiscard]] signal kind() const override { return signal::otlp; }
  [[nodiscard]] std::size_t items() const override { return count; }
  [[nodiscard]] std::size_t bytes() const override { return sizeof *this + message.capacity(); }

  otlp_kind what = otlp_kind::traces;
  std::uint64_t count = 0;  ///< spans, data points or log records
  std::string message;
};
using otlp_ref = std::shared_ptr<const otlp_batch>;

}  // namespace troupe::telemetry
