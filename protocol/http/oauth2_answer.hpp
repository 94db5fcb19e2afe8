#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/telemetry/result.hpp"

namespace troupe::http {

/// What the answer of a server of tokens says (RFC 6749, 5.1 and 5.2); a field that is not there is empty.
struct token_answer {
  std::string access_token{}, token_type{};
  std::string expires_in{};  ///< digits, whether it was a number or a text
  std::string error{}, error_description{};
};

/// None: it is not in the form that its content type says (a form, or else JSON).
[[nodiscard]] std::optional<token_answer> read_token_answer(std::string_view content_type, std::string_view body);

/// For how long a token may be used. None: always.
[[nodiscard]] result<std::optional<std::chrono::seconds>> token_lifetime(const std::string& expires_in);

/// As the header names it: servers write "bearer" in any case, and some nothing at all.
[[nodiscard]] std::string token_scheme(const std::string& token_type);

}  // namespace troupe::http
