#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace troupe::runtime {

/// Own telemetry on its way from those who publish it to the actor that passes it on: in batches, and no more than a
/// bound; beyond it the oldest batch goes, counted. `Size`: what is in a Builder, in bytes. All functions from any
/// thread.
template <class Builder, std::size_t (Builder::*Size)() const>
class backlog {
 public:
  using batch = decltype(std::declval<Builder&>().finish());  ///< a shared pointer

  backlog() = default;
  explicit backlog(Builder builder) : newest_(std::move(builder)) {}

  /// `put(builder)` adds one item.
  template <class F>
  void add(F&& put) {
    const std::lock_guard lock(mutex_);
    put(newest_);
    const bool much = (newest_.*Size)() >= batch_bytes;
    if (much) make_room();
    // Under the lock: when on_items(nullptr) has returned, nobody is called any more.
    if (wake_ && (!std::exchange(waked_, true) || much)) wake_(much);
  }

  /// Called when there is something to take again, and again for each batch that is full (`much`), by whoever adds it;
  /// it must be quick. Null: nobody takes.
  void on_items(std::function<void(bool much)> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
    waked_ = wake_ && (!newest_.empty() || !full_.empty());
    if (waked_) wake_(!full_.empty());
  }

  /// What has come since, oldest first, marked as own telemetry.
  [[nodiscard]] std::vector<batch> take() {
    std::vector<batch> all;
    {
      const std::lock_guard lock(mutex_);
      for (auto& one : full_)
        all.push_back(std::move(one.of));
      full_.clear();
      full_bytes_ = 0;
      if (!newest_.empty()) all.push_back(newest_.finish());
      waked_ = false;
    }
    for (const auto& one : all)
      one->self_telemetry = true;
    return all;
  }

  /// Another item that is lost before it got here.
  void forget_one() { forgotten_.fetch_add(1, std::memory_order_relaxed); }
  /// How many items had to go because nobody took them in time; since the last call.
  [[nodiscard]] std::uint64_t take_forgotten() { return forgotten_.exchange(0, std::memory_order_relaxed); }

  static constexpr std::size_t max_bytes = std::size_t{8} << 20;

 private:
  /// With what surrounds it a batch stays below 1 MiB.
  static constexpr std::size_t batch_bytes = std::size_t{512} << 10;
  struct piece {
    batch of;
    std::size_t bytes;
  };

  void make_room() {
    const auto bytes = (newest_.*Size)();
    full_.push_back({newest_.finish(), bytes});
    full_bytes_ += bytes;
    while (full_bytes_ > max_bytes) {
      full_bytes_ -= full_.front().bytes;
      forgotten_.fetch_add(full_.front().of->items(), std::memory_order_relaxed);
      full_.pop_front();
    }
  }

  std::mutex mutex_;
  std::function<void(bool)> wake_;
  bool waked_ = false;
  Builder newest_;
  std::deque<piece> full_;
  std::size_t full_bytes_ = 0;
  std::atomic<std::uint64_t> forgotten_{0};
};

}  // namespace troupe::runtime
