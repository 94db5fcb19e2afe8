#pragma once

// Events of the controller: loads of the configuration, and evaluations. Like all others they stand in all_events
// (events.hpp), which is to be included.

#include "actors/runtime/event.hpp"

namespace troupe::runtime {

struct evaluated {
  event_text component{};
  event_took took{};
};
template <>
struct event_kind<evaluated> : event_at<log_level::info> {
  static constexpr std::string_view message = "finished node evaluation";
  static constexpr const char* span = "EvaluateNode";
  static constexpr std::tuple fields{field("node_id", &evaluated::component), field("duration", &evaluated::took)};
};

struct evaluation_failed {
  event_text component{};
  event_text error{};
  event_took took{};
};
template <>
struct event_kind<evaluation_failed> : event_at<log_level::error> {
  static constexpr std::string_view message = "failed to evaluate config";
  static constexpr const char* span = "EvaluateNode";
  static constexpr std::tuple fields{field("node_id", &evaluation_failed::component),
                                     field("err", &evaluation_failed::error),
                                     optional_field("duration", &evaluation_failed::took)};
};

struct config_loaded {
  event_text source{};
  std::uint64_t components = 0;
  event_took took{};
};
template <>
struct event_kind<config_loaded> : event_at<log_level::info> {
  static constexpr std::string_view message = "finished complete graph evaluation";
  static constexpr const char* span = "GraphEvaluate";
  static constexpr std::tuple fields{optional_field("source", &config_loaded::source),
                                     field("components", &config_loaded::components),
                                     field("duration", &config_loaded::took)};
};

/// Something about a configuration that runs nevertheless.
struct config_warned {
  event_text text{};
  event_text place{};     ///< file:line:column
  event_text function{};  ///< of the standard library; empty: it is about something else
};
template <>
struct event_kind<config_warned> : event_at<log_level::warn> {
  static constexpr std::string_view message = "configuration warning";
  static constexpr std::tuple fields{optional_field("function", &config_warned::function),
                                     optional_field("place", &config_warned::place)};
  static constexpr std::string_view message_of(const config_warned& e) { return e.text; }
};

struct config_load_failed {
  event_text source{};
  event_text error{};  ///< all diagnostics
  event_took took{};
};
template <>
struct event_kind<config_load_failed> : event_at<log_level::error> {
  static constexpr std::string_view message = "failed to load config";
  static constexpr const char* span = "GraphEvaluate";
  static constexpr std::tuple fields{optional_field("source", &config_load_failed::source),
                                     field("err", &config_load_failed::error),
                                     optional_field("duration", &config_load_failed::took)};
};

struct config_reload_requested {
  event_text by{};  ///< "signal" or "http"
};
template <>
struct event_kind<config_reload_requested> : event_at<log_level::info> {
  static constexpr std::string_view message = "reload requested";
  static constexpr std::tuple fields{field("by", &config_reload_requested::by)};
};

}  // namespace troupe::runtime
