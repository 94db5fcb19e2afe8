#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/telemetry/label.hpp"
#include "protocol/telemetry/result.hpp"

namespace troupe::store {

/// One condition on a label; a label that is absent has the empty value.
struct matcher {
  enum class kind { equal, not_equal, matches, not_matches } how = kind::equal;
  std::string name, value;
};

/// `name{a="b", c!="d", e=~"f.*", g!~"h"}`, as PromQL writes it: also `{"a name", "a label"=`text`}`.
class selector {
 public:
  [[nodiscard]] static result<selector> parse(std::string_view text);
  [[nodiscard]] bool matches(const telemetry::label_set& labels) const;
  /// The condition that an index over labels narrows most by, `__name__` before others; null: there is none.
  [[nodiscard]] const matcher* indexed() const;

 private:
  struct compiled;
  std::vector<matcher> matchers_;
  std::vector<std::shared_ptr<const compiled>> regexes_;  // by matcher; null: none
};

/// Any of them; none: everything.
using selectors = std::vector<selector>;
[[nodiscard]] bool matches(const selectors& any, const telemetry::label_set& labels);

}  // namespace troupe::store
