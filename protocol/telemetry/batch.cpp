#include "protocol/telemetry/batch.hpp"

namespace troupe::telemetry {

std::size_t metrics_batch::bytes() const {
  std::size_t bytes = sizeof *this + values.capacity() * sizeof(double) +
                      own_timestamps_ms.capacity() * sizeof(std::int64_t) + exemplars.capacity() * sizeof(exemplar);
  for (const auto& each : exemplars)
    bytes += each.labels.size();
  return bytes;
}

}  // namespace troupe::telemetry
