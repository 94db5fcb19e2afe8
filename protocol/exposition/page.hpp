#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/telemetry/batch.hpp"
#include "protocol/telemetry/result.hpp"

namespace troupe::exposition {

enum class format : std::uint8_t { prometheus_text, open_metrics };

/// What a page looked like: its series as chunks (shared with every page that has the same lines) and what stood around
/// them. Immutable; the fast path compares the next page with it byte by byte.
struct page_layout {
  format kind = format::prometheus_text;
  std::vector<telemetry::chunk_ref> chunks;  ///< every line with a value, in page order
  std::string trailer;                       ///< what follows the last value's line, e.g. `# EOF\n`
  std::size_t lines = 0;                     ///< lines with a value: the sum of the chunks' sizes
};
using layout_ref = std::shared_ptr<const page_layout>;

/// The columns of one page, one entry per line with a value; reused from scrape to scrape.
struct page_values {
  std::vector<double> values;
  std::vector<std::int64_t> timestamps_ms;  ///< empty, or one per line (metrics_batch::no_timestamp: none)
  /// `series` is the line's index, `timestamp_ms` is metrics_batch::no_timestamp where the exemplar has none; what the
  /// labels say is checked, their length is not.
  std::vector<telemetry::exemplar> exemplars;
  void clear();
};

/// The fast path: true if the page has exactly the layout's lines (values, timestamps and exemplars may differ), which
/// are then in `out`. False: anything differs or is wrong; the full parser decides. About 25 ns a line.
[[nodiscard]] bool match(const page_layout& layout, std::string_view body, page_values& out);

struct parsed_page {
  layout_ref layout;
  page_values values;
};

/// The full parser: all of the page or an error that names line and reason, as the reference parsers decide.
/// The type of a family is that of the last `# TYPE`, whatever its name. A help text beyond 4 KiB is cut, a family's
/// name beyond 4 KiB is not kept. Doubled series, and labels that occur twice in a series, are left to the caller.
/// `lines_before_error` (may be null) receives how many samples had been read when it failed.
[[nodiscard]] result<parsed_page> parse_page(std::string_view body, format kind,
                                             std::size_t* lines_before_error = nullptr);

}  // namespace troupe::exposition
