#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "actors/store/local/api.hpp"
#include "actors/store/local/query_connection.hpp"
#include "protocol/http/server.hpp"

// What the questions of all signals share.
namespace troupe::store {

/// What is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string dump(const nlohmann::json& j);
[[nodiscard]] answer failed(int status, const std::string& why);
[[nodiscard]] nlohmann::json labels_json(const telemetry::label_set& labels);
[[nodiscard]] answer list(const char* name, const result<text_list>& found);

/// A number from the question; nothing: it is none.
[[nodiscard]] std::optional<double> number(std::string_view text, double otherwise);
/// Greater than 0, at most `most`.
[[nodiscard]] std::optional<std::size_t> count(std::string_view text, std::size_t otherwise, std::size_t most);

struct time_range {
  std::int64_t from_ns = 0, to_ns = 0;
};
/// `start` and `end` (or `from` and `to`): Unix seconds, or nanoseconds where they have 16 digits or more. Without them
/// the last hour.
[[nodiscard]] result<time_range> times(const http::server_request& question, std::int64_t now_ms);

/// `PREFIX NAME SUFFIX` gives NAME.
[[nodiscard]] std::optional<std::string> between(std::string_view path, std::string_view prefix,
                                                 std::string_view suffix);

}  // namespace troupe::store
