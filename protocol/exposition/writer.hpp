#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/exposition/page.hpp"
#include "protocol/telemetry/label.hpp"

namespace troupe::exposition {

/// Prints a page family by family. Names outside the legacy character set are quoted.
class page_writer {
 public:
  explicit page_writer(format kind) : kind_(kind) {}

  /// `name` is the name of the samples, as it is queried. OpenMetrics wants families without `_total` and `_info`: that
  /// is the writer's business (a counter without the suffix is declared unknown there).
  void family(std::string_view name, telemetry::metric_type type, std::string_view help);
  /// One sample of the family begun last; `suffix` is appended to its name (`_bucket`, `_sum`, `_count` or empty).
  void sample(std::string_view suffix, const std::vector<telemetry::label_view>& labels, double value);
  [[nodiscard]] std::string finish();  ///< adds `# EOF` where the format has it

 private:
  format kind_;
  std::string name_;
  std::string out_;
};

}  // namespace troupe::exposition
