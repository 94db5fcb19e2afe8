#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/exposition/page.hpp"

namespace troupe::exposition {

/// What may follow the value on a line. Both readers of a page use this one, so that they cannot disagree.
struct line_end {
  std::int64_t timestamp_ms = telemetry::metrics_batch::no_timestamp;
  bool has_exemplar = false;
  std::string_view exemplar_labels;
  double exemplar_value = 0;
  std::int64_t exemplar_timestamp_ms = telemetry::metrics_batch::no_timestamp;
};

/// Reads from the end of the value to the beginning of the next line, which it returns; null if something is wrong,
/// then `reason` says what.
const char* read_line_end(format kind, const char* p, const char* end, line_end& out, std::string& reason);

/// Puts it into the columns, which have `lines` entries if they have any.
void store_line_end(const line_end& from, std::size_t line, std::size_t lines, page_values& out);

}  // namespace troupe::exposition
