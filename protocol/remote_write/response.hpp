#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::remote_write {

/// What an answer means for the message that was sent.
struct verdict {
  enum class kind : std::uint8_t { delivered, retry, refused } what = kind::delivered;
  std::optional<std::chrono::nanoseconds> after;  ///< retry: how long the backend wants to be left alone
};

/// `status` 0: there was no answer (refused, reset, time-out). Retried are no answer, 5xx and, if wanted, 429; 2xx is
/// delivered; all else is refused for good. `retry_after`: the header, seconds or an HTTP date; what is past or
/// malformed counts as absent.
[[nodiscard]] verdict classify(int status, std::string_view retry_after, bool retry_on_429, std::int64_t now_unix_ms);

}  // namespace troupe::remote_write
