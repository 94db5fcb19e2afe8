#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/telemetry/label.hpp"
#include "protocol/telemetry/result.hpp"
#include "protocol/telemetry/value.hpp"

namespace troupe::remote_write {

struct sample {
  double value = 0;
  std::int64_t timestamp_ms = 0;
};
struct exemplar {
  telemetry::label_set labels;
  double value = 0;
  std::int64_t timestamp_ms = 0;
};
struct time_series {
  telemetry::label_set labels;
  std::vector<sample> samples;
  std::vector<exemplar> exemplars;
};
struct metadata_entry {
  std::uint32_t type = 0;
  std::string name, help, unit;
};
struct write_request {
  std::vector<time_series> series;
  std::vector<metadata_entry> metadata;
};

struct decode_limits {
  std::size_t raw_bytes = std::size_t{64} << 20;  ///< uncompressed
  std::size_t labels_per_series = 10'000;
  /// Series, labels, samples, exemplars and metadata together: each takes two bytes of the message and up to a hundred
  /// in memory.
  std::size_t parts = 1'000'000;
};

/// A message of remote write 1.0 as it came over the wire. Unknown fields are skipped, empty label values are left out;
/// a label without a name, or twice in a series, is an error. Errors say where.
[[nodiscard]] result<write_request> decode_request(std::string_view body, const decode_limits& limits = {});

}  // namespace troupe::remote_write
