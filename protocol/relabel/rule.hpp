#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/telemetry/label.hpp"
#include "protocol/telemetry/result.hpp"

namespace troupe::relabel {

/// What a rule does. `text` is the values of its source labels, joined by the separator; an absent label counts as
/// empty.
enum class action : std::uint8_t {
  replace,    ///< where the regex matches text, target label := replacement; both may say $1
  keep,       ///< drops what the regex does not match
  drop,       ///< drops what the regex matches
  keepequal,  ///< drops what has another value in the target label than text
  dropequal,  ///< drops what has text in the target label
  hashmod,    ///< target label := hash of text modulo modulus
  labelmap,   ///< each label whose name matches is copied to the name that the replacement says (unless it says none)
  labeldrop,  ///< removes the labels whose names match
  labelkeep,  ///< removes the labels whose names do not match
  lowercase,  ///< target label := text, each letter mapped alone (all scripts)
  uppercase,
};

/// replace, keep, drop, …: what a rule's `action` may be, in the order of the enumeration.
[[nodiscard]] const std::vector<std::string>& action_names();
[[nodiscard]] std::optional<action> parse_action(std::string_view name);

/// A rule as it is written.
struct rule_options {
  std::vector<std::string> source_labels;
  std::string separator = ";";
  std::string regex = "(.*)";  ///< must match all of the text; `.` matches newlines, too
  std::uint64_t modulus = 0;
  std::string target_label;
  std::string replacement = "$1";
  std::string action = "replace";
  friend bool operator==(const rule_options&, const rule_options&) = default;
};

/// What is wrong with a rule, in the words of Prometheus and Alloy. Label names that are written must be of the legacy
/// character set; those that are only read may be anything.
[[nodiscard]] result<void> validate(const rule_options& rule);

/// Rules made ready; cheap to copy, any thread.
class rules {
 public:
  rules() = default;
  /// Fails with the first rule's fault.
  [[nodiscard]] static result<rules> compile(std::span<const rule_options> all);

  [[nodiscard]] bool empty() const;
  /// Changes the labels, which must be sorted and without empty values, and are so afterwards; a label that becomes
  /// empty goes. False: dropped, and the labels are then as the rules left them. The new views point into the buffer.
  [[nodiscard]] bool apply(telemetry::label_buffer& labels) const;
  /// The same for an owned set, which stays as it was where it is dropped.
  [[nodiscard]] bool apply(telemetry::label_set& labels) const;

 private:
  struct compiled;
  std::shared_ptr<const std::vector<std::unique_ptr<const compiled>>> compiled_;
};

}  // namespace troupe::relabel
