#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/runtime/events.hpp"

namespace troupe::runtime {

/// Which events a subscriber wants: for each kind the lowest level. Combine:
/// `event_interest().all(log_level::info).sampled_spans()`.
class event_interest {
 public:
  event_interest& all(log_level from);
  event_interest& sampled_spans();  ///< every unit of work whose trace is sampled, whatever its level
  template <class... E>
  event_interest& of(log_level from = log_level::debug) {
    (lower(event_index<E>(), from), ...);
    return *this;
  }
  /// Events published before there was a subscriber go to the first one that wants them. Default: it does.
  event_interest& early(bool wanted);

  [[nodiscard]] bool wants(std::size_t index, const event& what) const {
    return static_cast<std::uint8_t>(what.level()) >= from_[index] ||
           (sampled_spans_ && what.kind().span != nullptr && what.header().trace.sampled);
  }
  [[nodiscard]] bool wants_early() const { return early_; }

 private:
  friend class event_bus;
  void lower(std::size_t index, log_level from);
  static constexpr std::uint8_t nothing = std::numeric_limits<std::uint8_t>::max();
  std::array<std::uint8_t, all_events::size> from_ = [] {
    std::array<std::uint8_t, all_events::size> none{};
    none.fill(nothing);
    return none;
  }();
  bool early_ = true, sampled_spans_ = false;
};

class event_bus;

class event_subscriber {
 public:
  virtual ~event_subscriber() = default;
  /// Asked when it subscribes and after interest_changed().
  [[nodiscard]] virtual event_interest interest() const = 0;
  /// In the publisher's thread, from many threads at once; must be quick. May publish, but not (un)subscribe.
  virtual void on_event(const event& what) noexcept = 0;

 protected:
  /// The bus asks again for interest(). Not from on_event().
  void interest_changed();

 private:
  friend class event_bus;
  std::atomic<event_bus*> bus_{nullptr};
};

/// Brings events from those who know to those who tell. All functions from any thread.
class event_bus {
 public:
  event_bus();
  ~event_bus();  ///< nobody may publish any more
  event_bus(const event_bus&) = delete;
  event_bus& operator=(const event_bus&) = delete;

  /// What nobody wants costs a comparison or two and allocates nothing.
  template <class E>
  void publish(const event_header& header, const E& what) {
    constexpr std::size_t index = event_index<E>();
    if (header.self_telemetry) return;
    const log_level level = level_of(what);
    bool wanted = static_cast<std::uint8_t>(level) >= from_[index].load(std::memory_order_relaxed);
    if constexpr (event_kind<E>::span != nullptr) {
      wanted = wanted || (header.trace.sampled && sampled_spans_.load(std::memory_order_relaxed));
    }
    if (wanted) deliver(typed<E>(header, what, level), index);
  }

  /// At most once for each subscriber; the bus shares it until it is unsubscribed.
  void subscribe(std::shared_ptr<event_subscriber> who);
  /// No call begins after it; one in another thread may still be ending, the object lives until then.
  void unsubscribe(const event_subscriber& who);

  /// How many of the events published before there was a subscriber had to go (the oldest).
  [[nodiscard]] std::uint64_t early_lost() const;
  /// Events that a subscriber published while it was told of one, beyond a depth that makes sense.
  [[nodiscard]] std::uint64_t nested_lost() const { return nested_lost_.load(std::memory_order_relaxed); }

  static constexpr std::size_t max_early = 1024;

 private:
  friend class event_subscriber;
  template <class E>
  class typed;
  template <class E>
  class kept;
  struct subscription {
    std::shared_ptr<event_subscriber> who;
    event_interest interest;
  };
  using subscriptions = std::vector<subscription>;

  void deliver(const event& what, std::size_t index);
  void deliver_early(event_subscriber& to, const event_interest& interest);
  void ask_again();
  void set_thresholds();  // needs mutex_

  std::array<std::atomic<std::uint8_t>, all_events::size> from_;
  std::atomic<bool> sampled_spans_{false};
  mutable std::mutex mutex_;
  std::mutex subscribing_;  // before mutex_
  std::shared_ptr<const subscriptions> subscriptions_;
  bool early_ = true;
  std::deque<std::unique_ptr<const event>> kept_;
  std::uint64_t early_lost_ = 0;
  std::atomic<std::uint64_t> nested_lost_{0};
};

/// Refers to the publisher's struct and texts.
template <class E>
class event_bus::typed : public event {
 public:
  typed(const event_header& header, const E& what, log_level level)
      : event(header, event_types()[event_index<E>()], level), what_(&what) {
    if (header_.time == decltype(header_.time){}) header_.time = std::chrono::system_clock::now();
  }
  [[nodiscard]] std::string_view message() const override { return message_of(*what_); }
  [[nodiscard]] std::chrono::nanoseconds took() const override {
    if constexpr (event_kind<E>::span != nullptr) return what_->took;
    return {};
  }
  [[nodiscard]] std::unique_ptr<const event> keep() const override { return std::make_unique<kept<E>>(*this, *what_); }

 protected:
  [[nodiscard]] const void* content() const override { return what_; }
  void visit_each(const std::function<void(std::string_view, const field_value&)>& f) const override {
    fields(*what_, f);
  }
  const E* what_;
};

/// Owns copies of them.
template <class E>
class event_bus::kept final : public typed<E> {
 public:
  kept(const typed<E>& from, const E& what) : typed<E>(from), copy_(what) {
    static_assert(std::is_trivially_copyable_v<E>, "texts of an event are views");
    std::size_t size = this->header_.component_id.size() + this->header_.component_path.size();
    each_text([&](const std::string_view& text) { size += text.size(); });
    texts_.reserve(size);
    own(this->header_.component_id);
    own(this->header_.component_path);
    each_text([this](std::string_view& text) { own(text); });
    this->what_ = &copy_;
  }
  kept(const kept&) = delete;

 private:
  template <class F>
  void each_text(F&& f);
  void own(std::string_view& text) {
    const auto at = texts_.size();
    texts_ += text;
    text = std::string_view(texts_).substr(at);
  }

  E copy_;
  std::string texts_;  // never grows beyond what was reserved: views point into it
};

template <class E>
template <class F>
void event_bus::kept<E>::each_text(F&& f) {
  // The text of a message is not among its fields.
  if constexpr (requires { copy_.text; }) f(copy_.text);
  const auto visit = [&]<class T>(const event_field<E, T>& one) {
    if constexpr (std::same_as<T, std::string_view>) f(copy_.*one.member);
  };
  std::apply([&](const auto&... one) { (visit(one), ...); }, event_kind<E>::fields);
}

}  // namespace troupe::runtime
