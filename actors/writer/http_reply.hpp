#pragma once

#include <string>

#include "actors/writer/protocol.hpp"
#include "protocol/http/client.hpp"
#include "protocol/http/verdict.hpp"

namespace troupe::writer {

/// What an answer to a push, or its absence, means as remote write and Loki have it.
[[nodiscard]] http::verdict classify_answer(const http::response& answer, bool retry_on_429, std::int64_t wall_ms);

/// The same as an endpoint sees it; a refusal's reason is "refused".
[[nodiscard]] reply reply_of(const http::response& answer, const http::verdict& what);

/// For people: the backend's own words, the first line of them, or why there are none.
[[nodiscard]] std::string describe_answer(const http::response& answer);

}  // namespace troupe::writer
