#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "actors/logging/descriptor_sink.hpp"
#include "actors/logging/line.hpp"
#include "actors/runtime/backlog.hpp"
#include "actors/runtime/event_bus.hpp"
#include "protocol/telemetry/logs.hpp"

namespace troupe::logging {

using runtime::log_level;

/// The collector's own log: events as lines on a descriptor and, where somebody takes them, as log entries
/// `{component="alloy"}` with the events' own times. All functions from any thread, but none from an on_event().
class own_log final : public runtime::event_subscriber, public std::enable_shared_from_this<own_log> {
 public:
  /// Does not own the descriptor.
  explicit own_log(int descriptor = 2);

  struct settings {
    log_level level = log_level::info;
    log_format format = log_format::logfmt;
    bool forwards = false;  ///< entries are kept for waiting()
  };
  /// Takes effect with the next event. Begins.
  void configure(const settings& how, runtime::event_bus& bus);
  /// The first call subscribes: what was published before it is told then.
  void begin(runtime::event_bus& bus);

  /// The entries, while they are kept.
  using entries = runtime::backlog<telemetry::logs_builder, &telemetry::logs_builder::text_bytes>;
  [[nodiscard]] entries& waiting() { return waiting_; }

  /// Lines that could not be written.
  [[nodiscard]] std::uint64_t lost() const { return sink_.lost(); }

  [[nodiscard]] runtime::event_interest interest() const override;
  void on_event(const runtime::event& what) noexcept override;

 private:
  std::atomic<log_format> format_{log_format::logfmt};
  std::atomic<log_level> level_{log_level::info};
  std::atomic<bool> forwards_{false}, began_{false};
  descriptor_sink sink_;
  entries waiting_;
};

}  // namespace troupe::logging
