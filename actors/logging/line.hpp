#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "actors/runtime/event.hpp"

namespace troupe::logging {

enum class log_format : std::uint8_t { logfmt, json };

/// Appends the event as one line with its newline, as Alloy writes it: `ts`, `level`, `msg`, who says it, `trace_id`,
/// then the fields. Thread-safe.
void append_line(const runtime::event& what, log_format format, std::string& out);

/// A warning of the log about itself, likewise.
void append_note(std::string_view message, std::string_view key, std::int64_t value, log_format format,
                 std::string& out);

}  // namespace troupe::logging
