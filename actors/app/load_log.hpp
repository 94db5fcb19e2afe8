#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "actors/runtime/graph.hpp"

namespace troupe::app {

/// How a load ended.
struct load_record {
  config::diagnostics diagnostics;
  std::string requested_by;  ///< "signal", "http"; empty: the start
  std::int64_t time_ms = 0;  ///< Unix time
  [[nodiscard]] bool ok() const { return !diagnostics.has_errors(); }
};

/// What runs, and how the last attempt to change it ended. Any thread.
class load_log {
 public:
  struct running {
    std::shared_ptr<const runtime::configuration> what;
    std::int64_t since_ms = 0;
  };

  /// `what`: what runs from now on; null: nothing changed.
  void add(load_record how, std::shared_ptr<const runtime::configuration> what) {
    const std::lock_guard lock(mutex_);
    if (what) running_ = {std::move(what), how.time_ms};
    last_ = std::move(how);
  }
  [[nodiscard]] std::optional<load_record> last() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }
  [[nodiscard]] running now() const {
    const std::lock_guard lock(mutex_);
    return running_;
  }
  [[nodiscard]] std::string running_hash() const {
    const auto what = now().what;
    return what ? what->sha256 : "";
  }

 private:
  mutable std::mutex mutex_;
  std::optional<load_record> last_;
  running running_;
};

}  // namespace troupe::app
