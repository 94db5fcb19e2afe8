#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "protocol/telemetry/result.hpp"

namespace re2 {
class RE2;
}

namespace troupe::relabel {

/// A regular expression that must match a whole text, `.` matching newlines, as Prometheus anchors it: `^(?s:…)$`.
/// The syntax is Go's (only that two groups cannot have one name), messages are those of Go's parser. Any thread.
class anchored_regex {
 public:
  [[nodiscard]] static result<anchored_regex> compile(std::string_view text);

  [[nodiscard]] int groups() const;                            ///< the whole match not counted
  [[nodiscard]] int group_named(std::string_view name) const;  ///< -1: there is none
  [[nodiscard]] bool matches(std::string_view text) const;
  /// Fills `found` with the match and its first groups, as many as it has room for, at most 1 + groups(); those that
  /// did not take part are empty. The fewer are asked for, the faster it is.
  [[nodiscard]] bool match(std::string_view text, std::span<std::string_view> found) const;

 private:
  std::shared_ptr<const re2::RE2> regex_;
};

}  // namespace troupe::relabel
