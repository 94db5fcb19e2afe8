#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/relabel/regex.hpp"

namespace troupe::relabel {

/// A text with `$1`, `${1}`, `$name`, `${name}` and `$$`, read as Go's Regexp.Expand does: the name is the longest run
/// of letters, digits and underscores, a group that there is not is empty, and a dollar without a name stands for
/// itself.
class replacement {
 public:
  replacement(std::string_view text, const anchored_regex& regex);

  /// How many groups it needs to see, the whole match included; 0: it is the same for every match.
  [[nodiscard]] std::size_t groups_needed() const { return needed_; }
  /// Appends to `out`.
  void expand(std::span<const std::string_view> found, std::string& out) const;

 private:
  struct piece {
    std::string text;
    int group;  ///< after the text; -1: none
  };
  void group_called(std::string_view name, const anchored_regex& regex, std::string& before);

  std::vector<piece> pieces_;
  std::size_t needed_ = 0;
};

/// A label name in which groups may stand: `^(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+$` in Prometheus' words.
[[nodiscard]] bool is_label_template(std::string_view text);

}  // namespace troupe::relabel
