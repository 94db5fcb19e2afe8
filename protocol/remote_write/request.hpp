#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/remote_write/template.hpp"

namespace troupe::remote_write {

/// Joins pieces into one message, compressed as it goes over the wire. The templates and batches added outlive
/// finish().
class request_builder {
 public:
  void add(const block_template& from, std::size_t piece, const telemetry::metrics_batch& batch, bool exemplars);
  [[nodiscard]] std::uint64_t samples() const { return samples_; }
  [[nodiscard]] std::uint64_t exemplars() const { return exemplars_; }
  [[nodiscard]] std::string finish();

 private:
  struct part {
    const block_template* from = nullptr;
    std::size_t piece = 0;
    const telemetry::metrics_batch* batch = nullptr;
    block_template::way how = block_template::way::one_time;
    std::string slow;  ///< encoded already
  };
  std::vector<part> parts_;
  std::uint64_t samples_ = 0, exemplars_ = 0, raw_bytes_ = 0, wire_bytes_ = 0;
};

/// A message of metadata alone, compressed.
[[nodiscard]] std::string encode_metadata(const std::vector<const telemetry::metric_family*>& families);

}  // namespace troupe::remote_write
