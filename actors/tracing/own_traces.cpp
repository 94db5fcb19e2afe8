#include "actors/tracing/own_traces.hpp"

#include <unistd.h>

#include <array>
#include <chrono>
#include <string_view>

namespace troupe::tracing {

namespace {

using runtime::event;
using runtime::event_origin;
using std::chrono::nanoseconds;

/// No event has more fields.
constexpr std::size_t most_attributes = 12;

otlp::trace_builder builder_for(const std::string& host, const std::string& version) {
  const auto instance = host + ":" + std::to_string(getpid());
  const std::array<otlp::attribute_view, 8> resource{{{"service.name", "alloy"},
                                                      {"service.version", std::string_view(version)},
                                                      {"service.instance.id", std::string_view(instance)},
                                                      {"host.name", std::string_view(host)},
                                                      {"process.runtime.description", "C++20"},
                                                      {"telemetry.sdk.name", "troupe"},
                                                      {"telemetry.sdk.language", "cpp"},
                                                      {"telemetry.sdk.version", std::string_view(version)}}};
  return otlp::trace_builder(resource);
}

/// An event's fields as attributes; its error as the span's status.
struct described_span {
  explicit described_span(const event& what) {
    const auto& header = what.header();
    if (header.origin == event_origin::component && !header.component_id.empty()) {
      add("alloy.component_id", header.component_id);
      // The instrumentation scope is the kind of component: its name without the label.
      scope = header.component_id.substr(0, header.component_id.rfind('.'));
      scope_attributes[0] = {"alloy.component_id", scope};
    } else {
      scope = header.origin == event_origin::service ? header.component_id : std::string_view("controller");
    }
    what.visit([this](std::string_view name, const runtime::field_value& value) { add_field(name, value); });
    if (what.level() == runtime::log_level::error) failed = true;
  }

  void add_field(std::string_view name, const runtime::field_value& value) {
    if (name == "duration") return;  // the span's own
    if (const auto* text = std::get_if<std::string_view>(&value)) {
      if (name == "err") failed = true, message = *text;
      add(name, *text);
    } else if (const auto* whole = std::get_if<std::int64_t>(&value)) {
      add(name, *whole);
    } else if (const auto* real = std::get_if<double>(&value)) {
      add(name, *real);
    } else if (const auto* some = std::get_if<nanoseconds>(&value)) {
      add(name, std::chrono::duration<double>(*some).count());
    } else {
      add(name, std::get<bool>(value));
    }
  }

  template <class T>
  void add(std::string_view name, T value) {
    if (count < attributes.size()) attributes[count++] = {name, value};
  }

  std::array<otlp::attribute_view, most_attributes> attributes;
  std::size_t count = 0;
  std::string_view scope, message;
  std::array<otlp::attribute_view, 1> scope_attributes;
  bool failed = false;
};

otlp::span_kind kind_of(runtime::span_side side) {
  switch (side) {
    case runtime::span_side::server:
      return otlp::span_kind::server;
    case runtime::span_side::client:
      return otlp::span_kind::client;
    default:
      return otlp::span_kind::internal;
  }
}

}  // namespace

own_traces::own_traces(runtime::tracer& tracer, const std::string& host, const std::string& version)
    : tracer_(tracer), waiting_(builder_for(host, version)) {
  tracer_.set(runtime::ratio(1));
}

runtime::event_interest own_traces::interest() const {
  return runtime::event_interest().sampled_spans().early(false);
}

void own_traces::configure(const settings& how) {
  tracer_.set_propagation(how.propagates);
  const std::lock_guard lock(mutex_);
  // Nobody sees what is sampled: nothing is, unless others are told to sample theirs.
  const bool seen = how.forwards || how.propagates;
  if (!how.asks_sampler || !decided_) tracer_.set(runtime::ratio(seen ? how.fraction : 0));
  listens_ = how.forwards;
  if (!decided_) decide_early(how);
}

void own_traces::decide_early(const settings& how) {
  first_share_ = runtime::ratio(how.fraction);
  decided_at_ = std::chrono::system_clock::now();
  for (const auto& one : early_) {
    if (how.forwards) keep(*one);
  }
  early_.clear();
  decided_.store(true, std::memory_order_release);
}

void own_traces::on_event(const event& what) noexcept {
  if (!listens_.load(std::memory_order_relaxed)) return;
  try {
    if (decided_.load(std::memory_order_acquire)) return keep(what);
    const std::lock_guard lock(mutex_);
    if (decided_) return keep(what);
    if (early_.size() == max_early) early_.pop_front(), waiting_.forget_one();
    early_.push_back(what.keep());
  } catch (...) {
    waiting_.forget_one();
  }
}

void own_traces::keep(const event& what) {
  const auto& header = what.header();
  // Work that began before the decision was sampled whatever its trace: the decision holds for it, too.
  if (header.time - what.took() < decided_at_ && !first_share_.sample(header.trace)) return;
  const described_span described(what);
  const auto end = std::chrono::duration_cast<nanoseconds>(header.time.time_since_epoch());
  otlp::span_view span;
  span.trace = header.trace.trace_id;
  span.id = header.trace.span_id;
  span.parent = header.parent;
  span.name = what.kind().span;
  span.kind = kind_of(what.kind().side);
  span.start_ns = static_cast<std::uint64_t>((end - what.took()).count());
  span.end_ns = static_cast<std::uint64_t>(end.count());
  span.attributes = std::span(described.attributes).first(described.count);
  if (described.failed) span.status = otlp::status_code::error, span.status_message = described.message;
  const bool has_kind = !described.scope_attributes[0].key.empty();
  waiting_.add(
      [&](auto& to) { to.add(described.scope, std::span(described.scope_attributes).first(has_kind ? 1 : 0), span); });
}

}  // namespace troupe::tracing
