#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::http {

/// What an answer means for a message that was pushed to a backend.
struct verdict {
  enum class kind : std::uint8_t { delivered, retry, refused } what = kind::delivered;
  std::optional<std::chrono::nanoseconds> after;  ///< retry: how long the backend wants to be left alone
};

/// The header: seconds or an HTTP date; at most a day. What is past or malformed counts as absent.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_retry_after(std::string_view header,
                                                                        std::int64_t now_unix_ms);

/// As remote write and Loki have it. `status` 0: there was no answer (refused, reset, time-out). Retried are no answer,
/// 5xx and, if wanted, 429; 2xx is delivered; all else is refused for good.
[[nodiscard]] verdict classify(int status, std::string_view retry_after, bool retry_on_429, std::int64_t now_unix_ms);

}  // namespace troupe::http
