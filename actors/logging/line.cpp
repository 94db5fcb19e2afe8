#include "actors/logging/line.hpp"

#include <charconv>
#include <cmath>

#include "config/unicode.hpp"
#include "protocol/telemetry/hex.hpp"
#include "protocol/telemetry/number.hpp"

namespace troupe::logging {
namespace {

using runtime::event_header;
using runtime::event_origin;
using runtime::field_value;
using runtime::log_level;
using std::chrono::nanoseconds;

void append_padded(std::int64_t number, unsigned digits, std::string& out) {
  const std::string text = std::to_string(number);
  if (text.size() < digits) out.append(digits - text.size(), '0');
  out += text;
}

/// `.5` for 500 of 1000: digits after the point, without zeros at the end; nothing for a whole number.
void append_fraction(std::int64_t part, unsigned digits, std::string& out) {
  if (part == 0) return;
  out += '.';
  append_padded(part, digits, out);
  out.erase(out.find_last_not_of('0') + 1);
}

/// `2026-01-31T12:00:00`
void append_second(std::chrono::sys_seconds second, std::string& out) {
  using namespace std::chrono;
  const auto day = floor<days>(second);
  const year_month_day date(day);
  const hh_mm_ss clock(second - day);
  append_padded(static_cast<int>(date.year()), 4, out), out += '-';
  append_padded(static_cast<unsigned>(date.month()), 2, out), out += '-';
  append_padded(static_cast<unsigned>(date.day()), 2, out), out += 'T';
  append_padded(clock.hours().count(), 2, out), out += ':';
  append_padded(clock.minutes().count(), 2, out), out += ':';
  append_padded(clock.seconds().count(), 2, out);
}

/// Go's time.RFC3339Nano, UTC. Many lines share their second: its text is kept.
void append_time(std::chrono::system_clock::time_point time, std::string& out) {
  using namespace std::chrono;
  thread_local sys_seconds known{seconds::min()};
  thread_local std::string text;
  const auto second = floor<seconds>(time);
  if (second != known) {
    text.clear();
    append_second(second, text);
    known = second;
  }
  out += text;
  append_fraction(duration_cast<nanoseconds>(time - second).count(), 9, out);
  out += 'Z';
}

/// Go's Duration.String: `387.769µs`, `1.5s`, `1h0m3s`.
void append_duration(nanoseconds duration, std::string& out) {
  const bool negative = duration.count() < 0;
  // As unsigned, so that the smallest has a magnitude.
  const auto count = static_cast<std::uint64_t>(duration.count());
  const std::uint64_t ns = negative ? 0 - count : count;
  if (ns == 0) {
    out += "0s";
    return;
  }
  if (negative) out += '-';
  const auto in_unit = [&](std::uint64_t whole, std::uint64_t unit, unsigned digits, std::string_view name) {
    out += std::to_string(whole / unit);
    append_fraction(static_cast<std::int64_t>(whole % unit), digits, out);
    out += name;
  };
  constexpr std::uint64_t us = 1'000, ms = 1'000'000, second = 1'000'000'000;
  if (ns < us) return in_unit(ns, 1, 0, "ns");
  if (ns < ms) return in_unit(ns, us, 3, "µs");
  if (ns < second) return in_unit(ns, ms, 6, "ms");
  const std::uint64_t minutes = ns / (60 * second);
  if (minutes >= 60) out.append(std::to_string(minutes / 60)) += 'h';
  if (minutes > 0) out.append(std::to_string(minutes % 60)) += 'm';
  in_unit(ns % (60 * second), second, 9, "s");
}

/// As log/slog's text handler decides; a backslash alone is no reason.
bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    if (c < 0x80) {
      if (c <= ' ' || c == '=' || c == '"') return true;
      text.remove_prefix(1);
      continue;
    }
    const config::decoded next = config::decode_utf8(text);
    if (!next.valid || next.point == 0xFFFD || !config::is_printable(next.point)) return true;
    text.remove_prefix(next.width);
  }
  return false;
}

void append_json_escape(char32_t point, std::string& out) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4)
    out += digits[(point >> shift) & 15];
}

void append_json_text(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const config::decoded next = config::decode_utf8(text);
    if (next.point == '"' || next.point == '\\') {
      (out += '\\') += static_cast<char>(next.point);
    } else if (next.point == '\n') {
      out += "\\n";
    } else if (next.point == '\r') {
      out += "\\r";
    } else if (next.point == '\t') {
      out += "\\t";
    } else if (next.point < ' ' || !next.valid || next.point == 0x2028 || next.point == 0x2029) {
      append_json_escape(next.point, out);
    } else {
      out += text.substr(0, next.width);
    }
    text.remove_prefix(next.width);
  }
  out += '"';
}

void append_json_number(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += '"';
    telemetry::append_number(value, out);
    out += '"';
    return;
  }
  char text[32];
  out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

/// Appends `key=value` pairs or members of an object.
class line_writer {
 public:
  line_writer(log_format format, std::string& out) : json_(format == log_format::json), out_(out) {
    if (json_) out_ += '{';
  }
  void finish() { out_ += json_ ? "}\n" : "\n"; }

  void operator()(std::string_view key, const field_value& value) {
    begin(key);
    if (const auto* text = std::get_if<std::string_view>(&value)) {
      append_text(*text);
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
      out_ += std::to_string(*number);
    } else if (const auto* real = std::get_if<double>(&value)) {
      json_ ? append_json_number(*real, out_) : telemetry::append_number(*real, out_);
    } else if (const auto* duration = std::get_if<nanoseconds>(&value)) {
      json_ ? void(out_ += std::to_string(duration->count())) : append_duration(*duration, out_);
    } else {
      out_ += std::get<bool>(value) ? "true" : "false";
    }
  }

 private:
  void begin(std::string_view key) {
    if (!first_) out_ += json_ ? ',' : ' ';
    first_ = false;
    if (json_) {
      append_json_text(key, out_);
      out_ += ':';
    } else {
      out_.append(key) += '=';
    }
  }
  void append_text(std::string_view text) {
    if (json_) {
      append_json_text(text, out_);
    } else if (needs_quotes(text)) {
      out_ += config::quoted(text);
    } else {
      out_ += text;
    }
  }
  bool json_, first_ = true;
  std::string& out_;
};

line_writer begin_line(std::chrono::system_clock::time_point time, log_level level, std::string_view message,
                       log_format format, std::string& out) {
  std::string ts;
  append_time(time, ts);
  line_writer line(format, out);
  line("ts", ts);
  line("level", to_string(level));
  if (!message.empty()) line("msg", message);
  return line;
}

void write_origin(const event_header& header, line_writer& line) {
  switch (header.origin) {
    case event_origin::component:
      if (header.component_id.empty()) break;
      line("component_path", header.component_path);
      line("component_id", header.component_id);
      break;
    case event_origin::controller:
      line("controller_path", header.component_path);
      line("controller_id", header.component_id);
      break;
    case event_origin::service:
      line("service", header.component_id);
      break;
  }
  if (header.trace.trace_id == decltype(header.trace.trace_id){}) return;
  line("trace_id", telemetry::to_hex(header.trace.trace_id));
}

}  // namespace

void append_line(const runtime::event& what, log_format format, std::string& out) {
  line_writer line = begin_line(what.header().time, what.level(), what.message(), format, out);
  write_origin(what.header(), line);
  what.visit(line);
  line.finish();
}

void append_note(std::string_view message, std::string_view key, std::int64_t value, log_format format,
                 std::string& out) {
  line_writer line = begin_line(std::chrono::system_clock::now(), log_level::warn, message, format, out);
  line(key, value);
  line.finish();
}

}  // namespace troupe::logging
