#pragma once

// What a component, or a controller of them, needs around it.

#include "actors/runtime/blocking_pool.hpp"
#include "actors/runtime/clocks.hpp"
#include "actors/runtime/event_bus.hpp"
#include "actors/runtime/own_metrics.hpp"
#include "actors/runtime/services.hpp"
#include "actors/runtime/tracing.hpp"
#include "protocol/http/client.hpp"
#include "tests/temporary_directory.hpp"

namespace troupe::testing {

/// Time that stands still unless the test lets it pass.
struct stopped_clock final : runtime::clocks {
  runtime::time_point now() const override { return time; }
  std::int64_t wall_ns() const override {
    return 1'700'000'000'000'000'000 + (time - runtime::time_point{std::chrono::hours(1)}).count();
  }
  runtime::time_point time{std::chrono::hours(1)};
};

/// All services, of its own: its data lies in a directory that goes with it.
template <class Clock = runtime::clocks>
struct surroundings {
  temporary_directory directory;
  http::client client;
  runtime::event_bus events;
  runtime::own_metrics metrics;
  runtime::tracer tracing;
  runtime::blocking_pool blocking{1};
  Clock time;
  runtime::services shared{
      client,   events, metrics, tracing, blocking, time, directory.file("data"), [] { return ""; },
      "self:1", "host", "test"};
};

}  // namespace troupe::testing
