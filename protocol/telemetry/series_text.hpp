#pragma once

#include <string>
#include <string_view>

#include "protocol/telemetry/label.hpp"
#include "protocol/telemetry/result.hpp"
#include "protocol/telemetry/value.hpp"

namespace troupe::telemetry {

/// Reads a series as it stands on a page, `name{a="b",c="d"}` (Prometheus text rules: also a quoted name inside
/// the braces, quoted label names, blanks anywhere), into `out` (cleared first): `__name__` and the labels, in page
/// order, unescaped, empty values included. For histograms and summaries `le`/`quantile` values become OpenMetrics
/// floats
/// (`1` -> `1.0`). The views point into `text` or into `out`. Trailing blanks are ignored.
result<void> parse_series_text(std::string_view text, metric_type type, label_buffer& out);

/// Labels alone, as an exemplar has them: `{trace_id="a"}`; same rules, no name.
result<void> parse_labels_text(std::string_view text, label_buffer& out);

/// How strictly a line is read: blanks anywhere, commas that may be missing and newlines in label values, or none of
/// these.
enum class series_syntax : std::uint8_t { prometheus_text, open_metrics };

/// Checks the series (or, where `named` is false, the braces alone) at the beginning of `text`; returns how many bytes
/// it takes, blanks after it not counted. Allocates nothing.
result<std::size_t> scan_series(std::string_view text, series_syntax syntax, bool named = true);

/// A series with more labels is refused.
inline constexpr std::size_t max_labels_per_series = 10'000;

/// `text` with `\\`, `\"` and `\n` replaced; other escapes stay as they stand.
std::string unescape(std::string_view text);
/// The inverse, appended to `out`.
void append_escaped(std::string_view text, std::string& out);

/// The canonical text of a label set, the inverse of parse_series_text: `name{a="b"}`; names outside the legacy
/// character set are quoted.
void append_series_text(const std::vector<label_view>& labels, std::string& out);

/// `1` -> `1.0`, `1e3` -> `1000.0`, `+Inf` stays; what is no number stays as it is.
std::string open_metrics_float(std::string_view number);

[[nodiscard]] bool is_legacy_metric_name(std::string_view name);  ///< [a-zA-Z_:][a-zA-Z0-9_:]*
[[nodiscard]] bool is_legacy_label_name(std::string_view name);   ///< [a-zA-Z_][a-zA-Z0-9_]*

}  // namespace troupe::telemetry
