#include "actors/runtime/log_subscriber.hpp"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <csignal>
#include <ctime>
#include <mutex>
#include <poll.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include "actors/runtime/hex.hpp"
#include "config/unicode.hpp"
#include "protocol/telemetry/number.hpp"

namespace troupe::runtime {
namespace {

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

/// Go's time.RFC3339Nano, UTC.
void append_time(std::chrono::system_clock::time_point time, std::string& out) {
  using namespace std::chrono;
  const auto since = floor<nanoseconds>(time);
  const auto day = floor<days>(since);
  const year_month_day date(day);
  const hh_mm_ss clock(since - day);
  append_padded(static_cast<int>(date.year()), 4, out), out += '-';
  append_padded(static_cast<unsigned>(date.month()), 2, out), out += '-';
  append_padded(static_cast<unsigned>(date.day()), 2, out), out += 'T';
  append_padded(clock.hours().count(), 2, out), out += ':';
  append_padded(clock.minutes().count(), 2, out), out += ':';
  append_padded(clock.seconds().count(), 2, out);
  append_fraction(clock.subseconds().count(), 9, out);
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
  line("trace_id", to_hex(header.trace.trace_id));
}

/// SIGPIPE does not reach this thread while it lives, and one that it caused is taken away.
class no_broken_pipe {
 public:
  no_broken_pipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~no_broken_pipe() {
    if (broken && !was_pending_) {
      const timespec now{};
      while (sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  no_broken_pipe(const no_broken_pipe&) = delete;
  bool broken = false;

 private:
  sigset_t pipe_{}, before_{};
  bool was_pending_ = false;
};

/// Writes whole lines. A reader that stands still is waited for a moment, once; then lines are lost until it reads
/// again.
class descriptor_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  descriptor_sink(int descriptor, const std::atomic<log_format>& format) : descriptor_(descriptor), format_(format) {}
  std::atomic<std::uint64_t> lost{0};

 protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    if (!rest_.empty() && !write(std::exchange(rest_, {}))) return lose();
    if (const std::uint64_t untold = lost.load() - told_; untold > 0) {
      std::string note;
      line_writer line =
          begin_line(std::chrono::system_clock::now(), log_level::warn, "log lines lost", format_.load(), note);
      line("lines", static_cast<std::int64_t>(untold));
      line.finish();
      if (!write(note)) return lose();
      told_ += untold;
    }
    if (!write({msg.payload.data(), msg.payload.size()})) lose();
  }
  void flush_() override {}

 private:
  void lose() { lost.fetch_add(1); }

  /// False: nothing of it was written. A line that was begun counts as written, its end waits in `rest_`.
  bool write(std::string_view text) {
    // POSIX, write(2): so much fits when a pipe can be written to at all.
    constexpr std::size_t piece = 4096;
    constexpr int patience_ms = 100;
    no_broken_pipe guard;
    bool begun = false;
    while (!text.empty()) {
      pollfd ready{descriptor_, POLLOUT, 0};
      const int got = poll(&ready, 1, stuck_ ? 0 : patience_ms);
      if (got < 0 && errno == EINTR) continue;
      ssize_t done = -1;
      if (got > 0) {
        done = ::write(descriptor_, text.data(), std::min(text.size(), piece));
        if (done < 0 && errno == EINTR) continue;
        if (done < 0 && errno == EPIPE) guard.broken = true;
        if (done < 0 && errno != EAGAIN) return false;
      }
      stuck_ = done <= 0;
      if (stuck_) {
        if (begun) rest_ = text;
        return begun;
      }
      begun = true;
      text.remove_prefix(static_cast<std::size_t>(done));
    }
    return true;
  }

  int descriptor_;
  const std::atomic<log_format>& format_;
  std::string rest_;
  std::uint64_t told_ = 0;
  bool stuck_ = false;
};

spdlog::level::level_enum to_spdlog(log_level level) {
  constexpr spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                  spdlog::level::err};
  return levels[static_cast<std::size_t>(level)];
}

}  // namespace

void append_line(const event& what, log_format format, std::string& out) {
  line_writer line = begin_line(what.header().time, what.level(), what.message(), format, out);
  write_origin(what.header(), line);
  what.visit(line);
  line.finish();
}

struct log_subscriber::output {
  output(int descriptor, const std::atomic<log_format>& format)
      : sink(std::make_shared<descriptor_sink>(descriptor, format)), logger("events", sink) {
    logger.set_error_handler([this](const std::string&) { sink->lost.fetch_add(1); });
  }
  std::shared_ptr<descriptor_sink> sink;
  spdlog::logger logger;
};

log_subscriber::log_subscriber(log_level level, log_format format, int descriptor)
    : output_(std::make_unique<output>(descriptor, format_)), format_(format) {
  output_->logger.set_level(to_spdlog(level));
}
log_subscriber::~log_subscriber() = default;

void log_subscriber::set_level(log_level level) {
  output_->logger.set_level(to_spdlog(level));
  interest_changed();
}

log_level log_subscriber::level() const {
  for (const log_level level : {log_level::debug, log_level::info, log_level::warn}) {
    if (output_->logger.level() == to_spdlog(level)) return level;
  }
  return log_level::error;
}

event_interest log_subscriber::interest() const {
  return event_interest().all(level());
}

void log_subscriber::on_event(const event& what) noexcept {
  try {
    const auto level = to_spdlog(what.level());
    if (!output_->logger.should_log(level)) return;
    std::string line;
    append_line(what, format_.load(std::memory_order_relaxed), line);
    output_->logger.log(level, spdlog::string_view_t(line.data(), line.size()));
  } catch (...) {
    output_->sink->lost.fetch_add(1);
  }
}

std::uint64_t log_subscriber::lost() const {
  return output_->sink->lost.load();
}

}  // namespace troupe::runtime
