#include "actors/runtime/event_bus.hpp"

#include <algorithm>

namespace troupe::runtime {
namespace {

/// The name of a type as the compiler prints it in this function's name.
template <class E>
constexpr std::string_view type_name() {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("E = ") + 4);
  text = text.substr(0, text.find_first_of(";]"));
  return text.substr(text.rfind(':') + 1);
}

template <class E>
constexpr auto field_names_of =
    std::apply([](const auto&... one) { return std::array<std::string_view, sizeof...(one)>{one.name...}; },
               event_kind<E>::fields);

template <class... E>
constexpr std::array<event_type, sizeof...(E)> table(event_list<E...>) {
  return {event_type{type_name<E>(), event_kind<E>::level, event_kind<E>::message, event_kind<E>::span, side_of<E>(),
                     std::span<const std::string_view>(field_names_of<E>)}...};
}

constexpr auto all_types = table(all_events{});

/// Events within events within events: somebody answers its own.
constexpr unsigned deepest = 4;
thread_local unsigned depth = 0;

}  // namespace

std::string_view to_string(log_level level) {
  constexpr std::string_view names[] = {"debug", "info", "warn", "error"};
  return names[static_cast<std::size_t>(level)];
}

std::span<const event_type> event_types() {
  return all_types;
}

void event_interest::lower(std::size_t index, log_level from) {
  from_[index] = std::min(from_[index], static_cast<std::uint8_t>(from));
}

event_interest& event_interest::all(log_level from) {
  for (std::size_t i = 0; i < from_.size(); ++i)
    lower(i, from);
  return *this;
}

event_interest& event_interest::sampled_spans() {
  sampled_spans_ = true;
  return *this;
}

event_interest& event_interest::early(bool wanted) {
  early_ = wanted;
  return *this;
}

void event_subscriber::interest_changed() {
  if (event_bus* const bus = bus_.load()) bus->ask_again();
}

event_bus::event_bus() : subscriptions_(std::make_shared<subscriptions>()) {
  set_thresholds();
}

event_bus::~event_bus() {
  for (const auto& one : *subscriptions_)
    one.who->bus_ = nullptr;
}

void event_bus::set_thresholds() {
  for (std::size_t i = 0; i < from_.size(); ++i) {
    std::uint8_t lowest = early_ ? 0 : event_interest::nothing;
    for (const auto& one : *subscriptions_)
      lowest = std::min(lowest, one.interest.from_[i]);
    from_[i].store(lowest, std::memory_order_relaxed);
  }
  sampled_spans_.store(std::any_of(subscriptions_->begin(), subscriptions_->end(),
                                   [](const subscription& one) { return one.interest.sampled_spans_; }),
                       std::memory_order_relaxed);
}

void event_bus::deliver(const event& what, std::size_t index) {
  if (depth >= deepest) {
    nested_lost_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  std::shared_ptr<const subscriptions> to;
  {
    const std::lock_guard lock(mutex_);
    if (early_) {
      if (kept_.size() == max_early) kept_.pop_front(), ++early_lost_;
      kept_.push_back(what.keep());
    }
    to = subscriptions_;
  }
  ++depth;
  for (const auto& one : *to) {
    if (one.interest.wants(index, what)) one.who->on_event(what);
  }
  --depth;
}

void event_bus::deliver_early(event_subscriber& to, const event_interest& interest) {
  for (;;) {
    std::deque<std::unique_ptr<const event>> some;
    {
      const std::lock_guard lock(mutex_);
      some.swap(kept_);
    }
    if (some.empty()) return;
    for (const auto& one : some) {
      const auto index = static_cast<std::size_t>(&one->kind() - all_types.data());
      if (interest.wants(index, *one)) to.on_event(*one);
    }
  }
}

void event_bus::subscribe(std::shared_ptr<event_subscriber> who) {
  std::uint64_t lost = 0;
  {
    const std::lock_guard serial(subscribing_);
    const event_interest interest = who->interest();
    who->bus_ = this;
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = early_ && interest.wants_early();
    }
    std::deque<std::unique_ptr<const event>> last;
    if (first) deliver_early(*who, interest);
    auto next = std::make_shared<subscriptions>(*subscriptions_);
    next->push_back({who, interest});
    {
      const std::lock_guard lock(mutex_);
      if (first) early_ = false, last.swap(kept_), lost = early_lost_;
      subscriptions_ = std::move(next);
      set_thresholds();
    }
    // What came between the last look and the switch.
    for (const auto& one : last) {
      const auto index = static_cast<std::size_t>(&one->kind() - all_types.data());
      if (interest.wants(index, *one)) who->on_event(*one);
    }
  }
  if (lost > 0) publish({}, early_events_lost{lost});
}

void event_bus::unsubscribe(const event_subscriber& who) {
  const std::lock_guard serial(subscribing_);
  auto next = std::make_shared<subscriptions>(*subscriptions_);
  std::erase_if(*next, [&](const subscription& one) {
    if (one.who.get() != &who) return false;
    one.who->bus_ = nullptr;
    return true;
  });
  const std::lock_guard lock(mutex_);
  subscriptions_ = std::move(next);
  set_thresholds();
}

void event_bus::ask_again() {
  const std::lock_guard serial(subscribing_);
  auto next = std::make_shared<subscriptions>(*subscriptions_);
  for (auto& one : *next)
    one.interest = one.who->interest();
  const std::lock_guard lock(mutex_);
  subscriptions_ = std::move(next);
  set_thresholds();
}

std::uint64_t event_bus::early_lost() const {
  const std::lock_guard lock(mutex_);
  return early_lost_;
}

}  // namespace troupe::runtime
