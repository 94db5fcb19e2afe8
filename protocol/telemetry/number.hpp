#pragma once

#include <string>

namespace troupe::telemetry {

/// Reads all of a number in Go's syntax without hexadecimals and digit separators: an optional sign, digits with an
/// optional point, an optional exponent; Inf, Infinity (signed or not) and NaN in any case. Exactly rounded; what is
/// too small becomes zero. Returns the end of the number (blank, newline, or `end`), or null: no number, or out of
/// range. Every NaN is the normal one.
const char* parse_number(const char* begin, const char* end, double& out);

/// The shortest text that reads as the same double, as Go's 'g' format prints it: `1`, `0.25`, `1e+06`, `+Inf`, `NaN`.
void append_number(double value, std::string& out);

}  // namespace troupe::telemetry
