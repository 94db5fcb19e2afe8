#include "actors/prometheus/relabel/rule.hpp"

#include "config/blame.hpp"

namespace troupe::prometheus::relabelling {

namespace {

// The action comes last: it decides what is asked of the others.
constexpr config::suspect<rule> suspects[] = {
    {"regex", [](rule& r) { r.regex = rule().regex; }},
    {"modulus", [](rule& r) { r.modulus = 1; }},
    {"separator", [](rule& r) { r.separator = rule().separator; }},
    {"replacement", [](rule& r) { r.replacement = rule().replacement; }},
    {"target_label", [](rule& r) { r.target_label = r.target_label.empty() ? "x" : ""; }},
    {"source_labels", [](rule& r) { r.source_labels.clear(); }},
    {"action", [](rule& r) { r.action = rule().action; }},
};

}  // namespace

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
          return config::blame<rule>(r, suspects, [](const rule& of) {
            const auto ok = relabel::validate(of);
            return ok ? "" : ok.error().message;
          });
        });
    return s;
  }();
  return schema;
}

}  // namespace troupe::prometheus::relabelling
