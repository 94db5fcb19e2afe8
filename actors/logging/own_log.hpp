#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "actors/logging/descriptor_sink.hpp"
#include "actors/logging/line.hpp"
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
    bool forwards = false;  ///< entries are kept for take()
  };
  /// Takes effect with the next event. Begins.
  void configure(const settings& how, runtime::event_bus& bus);
  /// The first call subscribes: what was published before it is told then.
  void begin(runtime::event_bus& bus);

  /// Called when there is something to take again, by whoever publishes; it must be quick. Null: nobody takes.
  void on_entries(std::function<void()> wake);
  /// What has come since, oldest first. Own telemetry, in batches of at most 1 MiB.
  [[nodiscard]] std::vector<std::shared_ptr<telemetry::logs_batch>> take();

  /// Lines that could not be written.
  [[nodiscard]] std::uint64_t lost() const { return sink_.lost(); }
  /// How many entries had to go because nobody took them in time; since the last call.
  [[nodiscard]] std::uint64_t take_forgotten() { return forgotten_.exchange(0, std::memory_order_relaxed); }

  static constexpr std::size_t max_kept_bytes = std::size_t{8} << 20;

  [[nodiscard]] runtime::event_interest interest() const override;
  void on_event(const runtime::event& what) noexcept override;

 private:
  void keep(std::int64_t timestamp_ns, std::string_view line);

  std::atomic<log_format> format_{log_format::logfmt};
  std::atomic<log_level> level_{log_level::info};
  std::atomic<bool> forwards_{false}, began_{false};
  std::atomic<std::uint64_t> forgotten_{0};
  descriptor_sink sink_;

  std::mutex mutex_;
  std::function<void()> wake_;
  bool waked_ = false;
  telemetry::logs_builder newest_;
  std::deque<std::shared_ptr<telemetry::logs_batch>> kept_;  // older, full ones
  std::size_t kept_bytes_ = 0;                               // of text in them
};

}  // namespace troupe::logging
