#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "actors/runtime/event_bus.hpp"

namespace troupe::runtime {

enum class log_format : std::uint8_t { logfmt, json };

/// Appends the event as one line with its newline, as Alloy writes it: `ts`, `level`, `msg`, who says it, `trace_id`,
/// then the fields. Thread-safe.
void append_line(const event& what, log_format format, std::string& out);

/// Writes events to a file descriptor, whole lines only. It never waits long for a reader that does not read: what
/// cannot be written is counted, and the count is written when there is room again.
class log_subscriber final : public event_subscriber {
 public:
  /// Does not own the descriptor.
  explicit log_subscriber(log_level level = log_level::info, log_format format = log_format::logfmt,
                          int descriptor = 2);
  ~log_subscriber() override;

  void set_level(log_level level);  ///< at any time, from any thread; not from an on_event()
  void set_format(log_format format) { format_.store(format, std::memory_order_relaxed); }
  [[nodiscard]] log_level level() const;

  [[nodiscard]] event_interest interest() const override;
  void on_event(const event& what) noexcept override;

  /// Lines that could not be written.
  [[nodiscard]] std::uint64_t lost() const;

 private:
  struct output;
  std::unique_ptr<output> output_;
  std::atomic<log_format> format_;
};

}  // namespace troupe::runtime
