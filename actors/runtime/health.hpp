#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::runtime {

/// From best to worst.
enum class health_state : std::uint8_t { healthy, unknown, unhealthy, exited };

[[nodiscard]] constexpr std::string_view to_string(health_state state) {
  constexpr std::string_view names[] = {"healthy", "unknown", "unhealthy", "exited"};
  return names[static_cast<std::size_t>(state)];
}

struct health {
  health_state state = health_state::unknown;
  std::string message;
  std::int64_t updated_ms = 0;  ///< Unix time
  std::int64_t since_ms = 0;    ///< since when it has been in this state, likewise

  void become(health_state next, std::string words, std::int64_t now_ms) {
    if (state != next || since_ms == 0) since_ms = now_ms;
    state = next, message = std::move(words), updated_ms = now_ms;
  }
  /// The worse of two; of equally bad ones the later. Who says nothing leaves the word to the other.
  [[nodiscard]] static health worse(const health& a, const health& b) {
    if (a.state != b.state) return a.state > b.state ? a : b;
    const bool first = a.updated_ms >= b.updated_ms;
    health made = first ? a : b;
    if (made.message.empty()) made.message = (first ? b : a).message;
    return made;
  }
};

}  // namespace troupe::runtime
