#include "protocol/exposition/line_end.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "protocol/exposition/number.hpp"
#include "protocol/telemetry/series_text.hpp"

namespace troupe::exposition {
namespace {

using telemetry::metrics_batch;

const char* skip_blanks(const char* p, const char* end) {
  while (p != end && (*p == ' ' || *p == '\t'))
    ++p;
  return p;
}

const char* read_text_end(const char* p, const char* end, line_end& out, std::string& reason) {
  p = skip_blanks(p, end);
  if (p != end && *p >= '0' && *p <= '9') {
    std::int64_t timestamp = 0;
    for (; p != end && *p >= '0' && *p <= '9'; ++p) {
      const int digit = *p - '0';
      if (timestamp > (std::numeric_limits<std::int64_t>::max() - digit) / 10) {
        reason = "the timestamp is out of range";
        return nullptr;
      }
      timestamp = timestamp * 10 + digit;
    }
    out.timestamp_ms = timestamp;
    p = skip_blanks(p, end);
  }
  if (p == end) return p;
  if (*p == '\n') return p + 1;
  reason = out.timestamp_ms == metrics_batch::no_timestamp
               ? "expected a timestamp (milliseconds, digits only) or the end of the line after the value"
               : "expected the end of the line after the timestamp";
  return nullptr;
}

/// Seconds as a float, kept as milliseconds.
const char* read_seconds(const char* p, const char* end, std::int64_t& out, std::string& reason) {
  double seconds = 0;
  const char* const after = parse_value(p, end, seconds);
  constexpr double bound = 9.2e18;
  const double milliseconds = seconds * 1000;
  if (after == nullptr || !(std::fabs(milliseconds) < bound)) {
    reason = "the timestamp is not a finite number of seconds";
    return nullptr;
  }
  out = static_cast<std::int64_t>(milliseconds);
  return after;
}

bool at(const char* p, const char* end, std::string_view text) {
  return end - p >= static_cast<std::ptrdiff_t>(text.size()) && std::memcmp(p, text.data(), text.size()) == 0;
}

const char* read_exemplar(const char* p, const char* end, line_end& out, std::string& reason) {
  const auto size =
      telemetry::scan_series({p, static_cast<std::size_t>(end - p)}, telemetry::series_syntax::open_metrics, false);
  if (!size) {
    reason = "exemplar: " + size.error().message;
    return nullptr;
  }
  out.exemplar_labels = {p, *size};
  p += *size;
  const char* after = at(p, end, " ") ? parse_value(p + 1, end, out.exemplar_value) : nullptr;
  if (after == nullptr) {
    reason = "expected the exemplar's value after its labels";
    return nullptr;
  }
  out.has_exemplar = true;
  if (at(after, end, " ")) return read_seconds(after + 1, end, out.exemplar_timestamp_ms, reason);
  return after;
}

const char* read_open_metrics_end(const char* p, const char* end, line_end& out, std::string& reason) {
  if (at(p, end, " ") && !at(p, end, " # {")) {
    p = read_seconds(p + 1, end, out.timestamp_ms, reason);
    if (p == nullptr) return nullptr;
  }
  if (at(p, end, " # {")) {
    p = read_exemplar(p + 3, end, out, reason);
    if (p == nullptr) return nullptr;
  }
  if (p != end && *p == '\n') return p + 1;
  reason = p == end ? "the page does not end with # EOF"
                    : "expected one blank and a timestamp or an exemplar, or the end of the line";
  return nullptr;
}

}  // namespace

const char* read_line_end(format kind, const char* p, const char* end, line_end& out, std::string& reason) {
  return kind == format::open_metrics ? read_open_metrics_end(p, end, out, reason) : read_text_end(p, end, out, reason);
}

void store_line_end(const line_end& from, std::size_t line, std::size_t lines, page_values& out) {
  if (from.timestamp_ms != metrics_batch::no_timestamp || !out.timestamps_ms.empty()) {
    out.timestamps_ms.resize(lines, metrics_batch::no_timestamp);
    out.timestamps_ms[line] = from.timestamp_ms;
  }
  if (from.has_exemplar) {
    out.exemplars.push_back({static_cast<std::uint32_t>(line), std::string(from.exemplar_labels), from.exemplar_value,
                             from.exemplar_timestamp_ms});
  }
}

}  // namespace troupe::exposition
