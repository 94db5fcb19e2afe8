#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "actors/store/local/api.hpp"
#include "actors/store/local/query_connection.hpp"
#include "actors/store/local/selector.hpp"
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

/// The question with the parameters that its body has: a form.
[[nodiscard]] result<http::server_request> with_form(http::server_request question);

/// Whether `path` takes all parameters that were given, each of them once; `match[]` stands for `match` and `match[]`,
/// any number of them, and whoever takes `start` and `end` takes `from` and `to` for them.
[[nodiscard]] result<void> takes(const http::server_request& question, std::string_view path,
                                 std::initializer_list<std::string_view> names);

/// What all `match` and `match[]` say together. An error begins with `match`.
[[nodiscard]] result<selectors> matches(const http::server_request& question);

struct time_range {
  std::int64_t from_ns = 0, to_ns = 0;
};
/// `start` and `end` (or `from` and `to`): Unix seconds, or nanoseconds where they have 16 digits or more. Without them
/// the last hour.
[[nodiscard]] result<time_range> times(const http::server_request& question, std::int64_t now_ms);
/// Likewise, but all of the time before or after the one that is given; nothing where none is.
[[nodiscard]] result<std::optional<time_range>> times_given(const http::server_request& question);

/// `PREFIX NAME SUFFIX` gives NAME.
[[nodiscard]] std::optional<std::string> between(std::string_view path, std::string_view prefix,
                                                 std::string_view suffix);

}  // namespace troupe::store
