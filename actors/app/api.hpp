#pragma once

#include "protocol/http/server.hpp"

namespace troupe::app {

class collector;

/// All routes of the collector's HTTP server. The collector outlives the server.
[[nodiscard]] http::request_handler make_api(collector& of);

}  // namespace troupe::app
