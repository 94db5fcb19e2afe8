#pragma once

#include <memory>

#include "actors/runtime/clocks.hpp"
#include "actors/runtime/event_bus.hpp"
#include "actors/runtime/tracing.hpp"
#include "protocol/http/server.hpp"

namespace troupe::app {

/// An answer that tells, when it is given, that a request was served. Refers to all but `to`.
[[nodiscard]] std::shared_ptr<http::responder> observed(const http::server_request& request,
                                                        std::shared_ptr<http::responder> to, runtime::event_bus& events,
                                                        const runtime::tracer& tracing, const runtime::clocks& time);

}  // namespace troupe::app
