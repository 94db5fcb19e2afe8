#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "actors/runtime/supervision.hpp"

namespace troupe::runtime {

/// Waits until so many things have been said to be done, or a deadline.
class countdown {
 public:
  explicit countdown(std::size_t count) : left_(count) {}
  void expect() {
    std::lock_guard lock(mutex_);
    ++left_;
  }
  void done() {
    std::lock_guard lock(mutex_);
    if (--left_ == 0) all_.notify_all();
  }
  /// Something has said that it takes longer: who waits, waits at least so long.
  void allow(clock_duration longest) {
    std::lock_guard lock(mutex_);
    allowed_ = std::max(allowed_, longest);
    all_.notify_all();
  }
  bool wait_for(clock_duration longest) {
    std::unique_lock lock(mutex_);
    const auto began = std::chrono::steady_clock::now();
    allowed_ = std::max(allowed_, longest);
    while (left_ > 0) {
      const auto until = began + allowed_;
      if (std::chrono::steady_clock::now() >= until) return false;
      all_.wait_until(lock, until);
    }
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable all_;
  std::size_t left_;
  clock_duration allowed_{};
};

/// Calls when the last copy of it goes, run or dropped.
inline std::function<void()> once_gone(std::function<void()> what) {
  auto held = std::shared_ptr<void>(nullptr, [what = std::move(what)](void*) { what(); });
  return [held]() mutable { held.reset(); };
}

}  // namespace troupe::runtime
