#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "protocol/telemetry/label.hpp"
#include "protocol/telemetry/result.hpp"

namespace troupe::relabel {

/// A rule as it is written.
struct rule_options {
  std::vector<std::string> source_labels;
  std::string separator = ";";
  std::string regex = "(.*)";
  std::uint64_t modulus = 0;
  std::string target_label;
  std::string replacement = "$1";
  std::string action = "replace";
  friend bool operator==(const rule_options&, const rule_options&) = default;
};

/// replace, keep, drop, …: what `action` may be.
[[nodiscard]] const std::vector<std::string>& action_names();

/// What is wrong with a rule, as Prometheus checks it.
[[nodiscard]] result<void> validate(const rule_options& rule);

/// Rules made ready; cheap to copy, any thread.
class rules {
 public:
  rules() = default;
  [[nodiscard]] static result<rules> compile(std::span<const rule_options> all);

  [[nodiscard]] bool empty() const;
  /// Changes the labels, which stay sorted; a label that becomes empty goes. False: the series is dropped.
  [[nodiscard]] bool apply(telemetry::label_buffer& labels) const;

 private:
  struct compiled;
  std::shared_ptr<const std::vector<std::unique_ptr<const compiled>>> compiled_;
};

}  // namespace troupe::relabel
