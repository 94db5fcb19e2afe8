#pragma once

#include <memory>
#include <string>

#include "actors/prometheus/remote_write/arguments.hpp"
#include "actors/writer/protocol.hpp"
#include "protocol/http/client.hpp"
#include "protocol/remote_write/response.hpp"

namespace troupe::prometheus {

/// The POST of a remote write 1.0 message.
[[nodiscard]] http::request write_request(const remote_writing::endpoint_arguments& to,
                                          std::shared_ptr<const std::string> body, unsigned attempt);

/// What the backend's answer, or its absence, means.
[[nodiscard]] remote_write::verdict classify_answer(const http::response& answer, bool retry_on_429,
                                                    std::int64_t wall_ms);

/// The same as a writer sees it.
[[nodiscard]] writer::reply reply_of(const http::response& answer, const remote_write::verdict& what);

/// For people: the backend's own words, or why there are none.
[[nodiscard]] std::string describe_answer(const http::response& answer);

}  // namespace troupe::prometheus
