#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "actors/runtime/event_bus.hpp"

namespace troupe::app {

/// The last things that happened, in memory, so that a person sees them where no log and no trace is kept: per
/// component the last events from level info on, and the last units of work whose trace is sampled. All functions from
/// any thread.
class activity final : public runtime::event_subscriber {
 public:
  static constexpr std::size_t max_per_component = 20;
  static constexpr std::size_t max_components = 1024;  ///< beyond it the one that was silent longest goes

  [[nodiscard]] runtime::event_interest interest() const override;
  void on_event(const runtime::event& what) noexcept override;

  /// `{"lines": […], "work": […], "tracing": …}`, each with the newest first and at most `limit` of them; `component`
  /// empty: of all; `tracing`: whether units of work are known at all.
  [[nodiscard]] std::string json(std::string_view component, std::size_t limit, bool tracing) const;

 private:
  using event_ref = std::shared_ptr<const runtime::event>;
  struct history {
    std::deque<event_ref> lines, work;
    std::uint64_t last = 0;  // when something was added: a count of all
  };
  void make_room();
  [[nodiscard]] std::vector<event_ref> newest(std::deque<event_ref> history::*which, std::string_view component,
                                              std::size_t limit) const;

  mutable std::mutex mutex_;
  std::map<std::string, history, std::less<>> by_component_;
  std::uint64_t added_ = 0;
};

}  // namespace troupe::app
