#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>

#include "protocol/telemetry/batch.hpp"

namespace troupe::runtime {

enum class log_level : std::uint8_t { debug, info, warn, error };
[[nodiscard]] std::string_view to_string(log_level level);

/// Who says it; decides the keys of its log line.
enum class event_origin : std::uint8_t { component, controller, service };

/// What every event carries. The views are the publisher's and live as long as the call.
struct event_header {
  std::chrono::system_clock::time_point time{};  ///< none: the time of publishing
  std::string_view component_id{};        ///< or the controller's, or the service's name; none: the process as such
  std::string_view component_path = "/";  ///< the module it stands in
  event_origin origin = event_origin::component;
  bool self_telemetry = false;  ///< caused by delivering own telemetry: not reported, so that it never feeds itself
  telemetry::trace_context trace{};      ///< a unit of work's own span; else the one in which it happened
  std::array<std::uint8_t, 8> parent{};  ///< of a unit of work: the span that it is part of; all zero: none
};

/// Which end of a call a unit of work is (OpenTelemetry, "SpanKind").
enum class span_side : std::uint8_t { internal, server, client };

using event_text = std::string_view;  ///< the publisher's; copied by whoever keeps the event
using event_took = std::chrono::nanoseconds;

/// What a field can be.
using field_value = std::variant<std::string_view, std::int64_t, double, std::chrono::nanoseconds, bool>;

/// One field of an event's struct: its name in logs and traces, and where it stands.
template <class E, class T>
struct event_field {
  std::string_view name;
  T E::*member;
  bool optional;
};
template <class E, class T>
constexpr event_field<E, T> field(std::string_view name, T E::*member) {
  return {name, member, false};
}
/// Left out where it is empty, zero or false.
template <class E, class T>
constexpr event_field<E, T> optional_field(std::string_view name, T E::*member) {
  return {name, member, true};
}

/// The trait of an event E, a plain struct whose texts are views:
///   level      constexpr log_level; the lowest that it can have
///   message    constexpr std::string_view
///   span       constexpr const char*, null: no unit of work; else E has `took`, and `time` is its end
///   side       constexpr span_side, of a unit of work; optional, internal without it
///   fields     constexpr std::tuple of field()s, in the order in which they are shown
///   level_of(const E&), message_of(const E&)   optional, where they depend on the event
template <class E>
struct event_kind;

/// What most events share: no span.
template <log_level Level>
struct event_at {
  static constexpr log_level level = Level;
  static constexpr const char* span = nullptr;
};

template <class E>
constexpr log_level level_of(const E& of) {
  if constexpr (requires { event_kind<E>::level_of(of); }) {
    return event_kind<E>::level_of(of);
  } else {
    return event_kind<E>::level;
  }
}

template <class E>
constexpr std::string_view message_of(const E& of) {
  if constexpr (requires { event_kind<E>::message_of(of); }) {
    return event_kind<E>::message_of(of);
  } else {
    return event_kind<E>::message;
  }
}

template <class E>
constexpr span_side side_of() {
  if constexpr (requires { event_kind<E>::side; }) {
    return event_kind<E>::side;
  } else {
    return span_side::internal;
  }
}

/// f(name, value) for each field in order; value is one of the types of field_value.
template <class E, class F>
void fields(const E& of, F&& f) {
  const auto visit = [&]<class T>(const event_field<E, T>& one) {
    const T& value = of.*one.member;
    if (one.optional && value == T{}) return;
    if constexpr (std::integral<T> && !std::same_as<T, bool>) {
      f(one.name, static_cast<std::int64_t>(value));
    } else {
      f(one.name, value);
    }
  };
  std::apply([&](const auto&... one) { (visit(one), ...); }, event_kind<E>::fields);
}

/// What a listing says about a kind of event.
struct event_type {
  std::string_view name;  ///< of the struct
  log_level level;
  std::string_view message;
  const char* span;  ///< may be null
  span_side side;
  std::span<const std::string_view> fields;
};

/// An event as a subscriber sees it, valid during the call.
class event {
 public:
  virtual ~event() = default;

  [[nodiscard]] const event_header& header() const { return header_; }
  [[nodiscard]] const event_type& kind() const { return *kind_; }
  [[nodiscard]] log_level level() const { return level_; }
  [[nodiscard]] virtual std::string_view message() const = 0;
  /// The duration of a unit of work (kind().span is not null); else zero.
  [[nodiscard]] virtual std::chrono::nanoseconds took() const = 0;

  /// f(std::string_view name, const field_value&), in order.
  template <class F>
  void visit(F&& f) const {
    visit_each(std::ref(f));
  }
  /// Null: it is of another kind.
  template <class E>
  [[nodiscard]] const E* get() const;
  /// A copy that owns its texts.
  [[nodiscard]] virtual std::unique_ptr<const event> keep() const = 0;

 protected:
  event(const event_header& header, const event_type& kind, log_level level)
      : header_(header), kind_(&kind), level_(level) {}
  event(const event&) = default;
  [[nodiscard]] virtual const void* content() const = 0;
  virtual void visit_each(const std::function<void(std::string_view, const field_value&)>& f) const = 0;

  event_header header_;

 private:
  const event_type* kind_;
  log_level level_;
};

}  // namespace troupe::runtime
