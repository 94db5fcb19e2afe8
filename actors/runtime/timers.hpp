#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "actors/runtime/supervision.hpp"

namespace troupe::runtime {

/// What a component wants done later. One thread.
class timers {
 public:
  using key = std::pair<time_point, std::uint64_t>;

  key set(time_point at, std::function<void()> what) {
    const key k{at, ++last_};
    waiting_.emplace(k, std::move(what));
    return k;
  }
  void cancel(const key& k) { waiting_.erase(k); }
  void clear() { waiting_.clear(); }

  [[nodiscard]] std::optional<time_point> next() const {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.begin()->first.first;
  }
  /// The next one that is due, taken out; null: none.
  [[nodiscard]] std::function<void()> take_due(time_point now) {
    if (waiting_.empty() || waiting_.begin()->first.first > now) return nullptr;
    auto what = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    return what;
  }

 private:
  std::map<key, std::function<void()>> waiting_;
  std::uint64_t last_ = 0;
};

/// One thing to be done later; forgotten when this goes.
class timer {
 public:
  timer() = default;
  timer(timers& in, time_point at, std::function<void()> what) : in_(&in), key_(in.set(at, std::move(what))) {}
  timer(timer&& other) noexcept : in_(std::exchange(other.in_, nullptr)), key_(other.key_) {}
  timer& operator=(timer&& other) noexcept {
    cancel();
    in_ = std::exchange(other.in_, nullptr);
    key_ = other.key_;
    return *this;
  }
  ~timer() { cancel(); }
  void cancel() {
    if (in_) in_->cancel(key_);
    in_ = nullptr;
  }

 private:
  timers* in_ = nullptr;
  timers::key key_{};
};

}  // namespace troupe::runtime
