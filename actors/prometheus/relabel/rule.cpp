#include "actors/prometheus/relabel/rule.hpp"

namespace troupe::prometheus::relabelling {

const config::body_of<rule>& rule_schema() {
  static const auto schema = [] {
    config::body_of<rule> s;
    s.attribute("source_labels", &rule::source_labels, "Labels whose values, joined, are looked at.")
        .attribute("separator", &rule::separator, "What stands between them.")
        .attribute("regex", &rule::regex, "What the whole of it must match.")
        .attribute("modulus", &rule::modulus, "For hashmod: how many different results there are.")
        .attribute("target_label", &rule::target_label, "The label that is written.")
        .attribute("replacement", &rule::replacement, "What is written; $1 is the first group.")
        .attribute("action", &rule::action,
                   "What is done: replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, "
                   "lowercase or uppercase.")
        .check([](const rule& r) -> config::complaints {
          if (const auto ok = relabel::validate(r); !ok) return {{"", ok.error().message}};
          return {};
        });
    return s;
  }();
  return schema;
}

}  // namespace troupe::prometheus::relabelling
