#pragma once

#include <memory>
#include <string>

#include "actors/prometheus/remote_write/arguments.hpp"
#include "protocol/http/client.hpp"

namespace troupe::prometheus {

/// The POST of a remote write 1.0 message.
[[nodiscard]] http::request write_request(const remote_writing::endpoint_arguments& to,
                                          std::shared_ptr<const std::string> body, unsigned attempt);

}  // namespace troupe::prometheus
