#include "protocol/relabel/rule.hpp"

#include <string>
#include <vector>

#include "tests/catch.hpp"

using namespace troupe;
using relabel::rule_options;
using relabel::rules;
using telemetry::label_set;

namespace {

constexpr const char* dropped = "dropped";

/// The labels after the rules, or "dropped".
std::string after(const std::vector<rule_options>& all, label_set labels) {
  const auto compiled = rules::compile(all);
  if (!compiled) return compiled.error().message;
  return compiled->apply(labels) ? labels.to_text() : dropped;
}

std::string fault_of(const rule_options& rule) {
  const auto ok = relabel::validate(rule);
  return ok ? "" : ok.error().message;
}

rule_options rule(std::string action) {
  rule_options made;
  made.action = std::move(action);
  return made;
}

}  // namespace

TEST_CASE("each action does what it is called for") {
  struct row {
    std::string what;
    rule_options rule;
    label_set labels;
    std::string after;
  };
  const label_set abc{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}};
  const std::string same = abc.to_text();
  const std::vector<row> rows{
      // source_labels, separator, regex, modulus, target_label, replacement, action
      {"copy", {{"a"}, ";", "(.*)", 0, "d", "$1", "replace"}, abc, R"({a="foo", b="bar", c="baz", d="foo"})"},
      {"over itself", {{"a"}, ";", "f(.*)", 0, "a", "g$1", "replace"}, abc, R"({a="goo", b="bar", c="baz"})"},
      {"joined", {{"a", "b"}, ";", "(.*);(.*)", 0, "c", "$2-$1", "replace"}, abc, R"({a="foo", b="bar", c="bar-foo"})"},
      {"separator",
       {{"a", "b", "x"}, "<>", "(.*)", 0, "c", "$1", "replace"},
       abc,
       R"({a="foo", b="bar", c="foo<>bar<>"})"},
      {"no match", {{"a"}, ";", "x.*", 0, "d", "$1", "replace"}, abc, same},
      {"a part is no match", {{"a"}, ";", "fo", 0, "d", "x", "replace"}, abc, same},
      {"absent label", {{"x"}, ";", "(.*)", 0, "a", "$1", "replace"}, abc, R"({b="bar", c="baz"})"},
      {"empty removes", {{"a"}, ";", "foo", 0, "b", "", "replace"}, abc, R"({a="foo", c="baz"})"},
      {"no source",
       {{}, ";", "(.*)", 0, "d", "constant", "replace"},
       abc,
       R"({a="foo", b="bar", c="baz", d="constant"})"},
      {"target template",
       {{"a"}, ";", "f(.*)", 0, "l_${1}", "x", "replace"},
       abc,
       R"({a="foo", b="bar", c="baz", l_oo="x"})"},
      {"target invalid", {{"n"}, ";", "(.*)", 0, "$1", "x", "replace"}, label_set{{"n", "1-2"}}, R"({n="1-2"})"},
      {"target empty", {{"x"}, ";", "(.*)", 0, "$1", "x", "replace"}, abc, same},
      {"newline", {{"n"}, ";", "a.b", 0, "m", "x", "replace"}, label_set{{"n", "a\nb"}}, R"({m="x", n="a\nb"})"},
      {"the anchors are the text's",
       {{"n"}, ";", "a", 0, "m", "x", "replace"},
       label_set{{"n", "a\nb"}},
       R"({n="a\nb"})"},
      {"alternatives are anchored together", {{"a"}, ";", "fo|oo", 0, "d", "x", "replace"}, abc, same},
      {"no group in brackets", {{"n"}, ";", "[(?<x>]+", 0, "m", "x", "replace"}, {{"n", "P"}}, R"({n="P"})"},
      {"keep", {{"a"}, ";", "f.*", 0, "", "$1", "keep"}, abc, same},
      {"keep, no match", {{"a"}, ";", "o.*", 0, "", "$1", "keep"}, abc, dropped},
      {"keep, absent", {{"x"}, ";", "", 0, "", "$1", "keep"}, abc, same},
      {"drop", {{"a"}, ";", "f.*", 0, "", "$1", "drop"}, abc, dropped},
      {"drop, no match", {{"a"}, ";", "o.*", 0, "", "$1", "drop"}, abc, same},
      {"drop without source", {{}, ";", "(.*)", 0, "", "$1", "drop"}, abc, dropped},
      {"keepequal", {{"a"}, ";", "(.*)", 0, "b", "$1", "keepequal"}, {{"a", "x"}, {"b", "x"}}, R"({a="x", b="x"})"},
      {"keepequal, other", {{"a"}, ";", "(.*)", 0, "b", "$1", "keepequal"}, abc, dropped},
      {"keepequal, both absent", {{"x"}, ";", "(.*)", 0, "y", "$1", "keepequal"}, abc, same},
      {"dropequal", {{"a"}, ";", "(.*)", 0, "b", "$1", "dropequal"}, {{"a", "x"}, {"b", "x"}}, dropped},
      {"dropequal, other", {{"a"}, ";", "(.*)", 0, "b", "$1", "dropequal"}, abc, same},
      {"dropequal, joined",
       {{"a", "b"}, ";", "(.*)", 0, "c", "$1", "dropequal"},
       {{"a", "x"}, {"b", "y"}, {"c", "x;y"}},
       dropped},
      {"labelmap",
       {{}, ";", "(a|b)", 0, "", "l_$1", "labelmap"},
       abc,
       R"({a="foo", b="bar", c="baz", l_a="foo", l_b="bar"})"},
      {"labelmap over others",
       {{}, ";", "x_(.*)", 0, "", "$1", "labelmap"},
       {{"a", "old"}, {"x_a", "new"}},
       R"({a="new", x_a="new"})"},
      {"labelmap, the last stays",
       {{}, ";", "(a|b|c)", 0, "", "d", "labelmap"},
       abc,
       R"({a="foo", b="bar", c="baz", d="baz"})"},
      {"labelmap swaps",
       {{}, ";", "(?:x_)?(a)", 0, "", "x_$1", "labelmap"},
       {{"a", "1"}, {"x_a", "2"}},
       R"({a="1", x_a="2"})"},
      {"labelmap to no name", {{}, ";", "x_(.*)", 0, "", "$1", "labelmap"}, {{"x_", "1"}}, R"({x_="1"})"},
      {"labeldrop", {{}, ";", "a|c", 0, "", "$1", "labeldrop"}, abc, R"({b="bar"})"},
      {"labeldrop, whole names", {{}, ";", "aa?x", 0, "", "$1", "labeldrop"}, abc, same},
      {"labelkeep", {{}, ";", "a|c", 0, "", "$1", "labelkeep"}, abc, R"({a="foo", c="baz"})"},
      {"labelkeep of none", {{}, ";", "x", 0, "", "$1", "labelkeep"}, abc, "{}"},
      {"lowercase", {{"n"}, ";", "(.*)", 0, "m", "$1", "lowercase"}, {{"n", "AbC-9"}}, R"({m="abc-9", n="AbC-9"})"},
      {"uppercase", {{"n"}, ";", "(.*)", 0, "m", "$1", "uppercase"}, {{"n", "AbC-9"}}, R"({m="ABC-9", n="AbC-9"})"},
      {"lowercase, all scripts", {{"n"}, ";", "(.*)", 0, "n", "$1", "lowercase"}, {{"n", "ÄΣЖ𐐀ß"}}, R"({n="äσж𐐨ß"})"},
      {"uppercase, all scripts", {{"n"}, ";", "(.*)", 0, "n", "$1", "uppercase"}, {{"n", "äσжÿß"}}, R"({n="ÄΣЖŸß"})"},
      {"lowercase of nothing", {{"x"}, ";", "(.*)", 0, "a", "$1", "lowercase"}, abc, R"({b="bar", c="baz"})"},
      {"lowercase looks at no regex", {{"n"}, ";", "x", 0, "n", "$1", "lowercase"}, {{"n", "A"}}, R"({n="a"})"},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    CHECK(after({row.rule}, row.labels) == row.after);
  }
}

TEST_CASE("hashmod is the end of the MD5") {
  struct row {
    std::vector<std::string> values;
    std::uint64_t modulus;
    std::string hash;
  };
  // int.from_bytes(hashlib.md5(";".join(values).encode()).digest()[8:], "big") % modulus
  for (const auto& [values, modulus, hash] :
       std::vector<row>{{{""}, 1000, "958"},
                        {{"foo"}, 1000, "696"},
                        {{"foo"}, 7, "2"},
                        {{"bar"}, 1000, "922"},
                        {{"foo", "bar"}, 7, "6"},
                        {{"localhost:9090"}, 1000, "618"},
                        {{"a\nb"}, 7, "5"},
                        {{"ünï"}, 1000, "433"},
                        {{"foo", "bar"}, 18446744073709551615U, "15973639978189266750"},
                        {{"foo"}, 1, "0"}}) {
    rule_options rule;
    rule.action = "hashmod";
    rule.target_label = "shard";
    rule.modulus = modulus;
    label_set labels;
    for (std::size_t i = 0; i < values.size(); ++i) {
      rule.source_labels.push_back("l" + std::to_string(i));
      labels.set(rule.source_labels.back(), values[i]);
    }
    const auto compiled = rules::compile(std::vector{rule});
    REQUIRE(compiled);
    REQUIRE(compiled->apply(labels));
    CHECK(labels.get("shard") == hash);
  }
}

TEST_CASE("a replacement is expanded as Go expands it") {
  struct row {
    std::string regex, text, replacement, after;
  };
  // Each row was printed by Go's Regexp.ExpandString.
  const std::vector<row> rows{
      {"(.*)", "abc", "$1", "abc"},
      {"(.*)", "abc", "${1}", "abc"},
      {"(.*)", "abc", "$1x", ""},
      {"(.*)", "abc", "${1}x", "abcx"},
      {"(.*)", "abc", "$$1", "$1"},
      {"(.*)", "abc", "$$$1", "$abc"},
      {"(.*)", "abc", "$", "$"},
      {"(.*)", "abc", "a$", "a$"},
      {"(.*)", "abc", "$-", "$-"},
      {"(.*)", "abc", "${", "${"},
      {"(.*)", "abc", "${1", "${1"},
      {"(.*)", "abc", "${}", "${}"},
      {"(.*)", "abc", "${1-}", "${1-}"},
      {"(.*)", "abc", "$2", ""},
      {"(.*)", "abc", "$01", ""},
      {"(.*)", "abc", "<$0>", "<abc>"},
      {"(?P<first>.)(?P<rest>.*)", "abc", "$rest-$first", "bc-a"},
      {"(?P<first>.)(?P<rest>.*)", "abc", "${rest}x${first}", "bcxa"},
      {"(?P<first>.)(?P<rest>.*)", "abc", "$restx", ""},
      {"(?<n>.*)", "abc", "$n", "abc"},
      {"(a)|(b)", "b", "$1,$2", ",b"},
      {"(.*)", "abc", "$1ä", ""},
      {"(.*)", "abc", "$1–", "abc–"},
      {"(.*)", "abc", "$99999999999999999999", ""},
      {"(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)", "abcdefghijk", "$11$10$1", "kja"},
      {"(.*)", "abc", "$_", ""},
      {"(?P<_>.*)", "abc", "$_", "abc"},
      {"a(.*)c", "abc", "$1$1", "bb"},
      {"(.*)", "abc", "plain", "plain"},
      {"(?P<n1>.*)", "abc", "$n1", "abc"},
      {"[(?<x>]*(b)?", "(?<", "$0", "(?<"},
      {"\\Q(?<x>\\E(.*)", "(?<x>y", "$1", "y"},
      {"\\[(?<x>.)\\]", "[q]", "$x", "q"},
      {"(.*)", "a\nb", "$1", "a\nb"},
      {"\\\\C", "\\C", "x", "x"},
      {"a)|(?:b", "b", "x", "x"},
      {"a)|(?:b", "xb", "x", "x"},
  };
  for (const auto& row : rows) {
    INFO(row.regex << " " << row.replacement);
    const auto compiled =
        rules::compile(std::vector<rule_options>{{{"in"}, ";", row.regex, 0, "out", row.replacement, "replace"}});
    REQUIRE(compiled);
    label_set labels{{"in", row.text}, {"out", "before"}};
    REQUIRE(compiled->apply(labels));
    CHECK(labels.get("out") == row.after);
  }
}

TEST_CASE("rules follow each other until one drops") {
  const rule_options copy{{"a"}, ";", "(.*)", 0, "b", "$1", "replace"};
  const rule_options keep{{"b"}, ";", "1", 0, "", "$1", "keep"};
  const rule_options remove{{}, ";", "a", 0, "", "$1", "labeldrop"};
  CHECK(after({copy, keep, remove}, {{"a", "1"}}) == R"({b="1"})");
  CHECK(after({keep, copy, remove}, {{"a", "1"}}) == dropped);
  CHECK(after({}, {{"a", "1"}}) == R"({a="1"})");
}

TEST_CASE("labelmap sees changed labels last") {
  // As Prometheus' builder lists them: what a rule has written comes after what is as it was.
  const rule_options write{{}, ";", "(.*)", 0, "x_a", "written", "replace"};
  const rule_options map{{}, ";", "(?:x|y)_(.*)", 0, "", "$1", "labelmap"};
  CHECK(after({write, map}, {{"x_a", "old"}, {"y_a", "other"}}) == R"({a="written", x_a="written", y_a="other"})");
  // In the order in which they were first written.
  const rule_options again{{}, ";", "(.*)", 0, "x_a", "again", "replace"};
  const rule_options other{{}, ";", "(.*)", 0, "y_a", "second", "replace"};
  CHECK(after({write, other, again, map}, {{"x_a", "old"}, {"y_a", "other"}}) ==
        R"({a="second", x_a="again", y_a="second"})");
  CHECK(after({map}, {{"x_a", "old"}, {"y_a", "other"}}) == R"({a="other", x_a="old", y_a="other"})");
}

TEST_CASE("a dropped set stays as it was; a buffer stays sorted") {
  const auto compiled = rules::compile(std::vector<rule_options>{{{"z"}, ";", "(.*)", 0, "a", "$1", "replace"},
                                                                 {{"z"}, ";", "gone", 0, "", "$1", "drop"}});
  REQUIRE(compiled);
  label_set gone{{"z", "gone"}};
  CHECK_FALSE(compiled->apply(gone));
  CHECK(gone == label_set{{"z", "gone"}});
  telemetry::label_buffer buffer;
  buffer.add("b", "1");
  buffer.add("z", "2");
  REQUIRE(compiled->apply(buffer));
  CHECK(buffer.labels() == std::vector<telemetry::label_view>{{"a", "2"}, {"b", "1"}, {"z", "2"}});
}

TEST_CASE("a rule that cannot be meant is refused in Prometheus' words") {
  struct row {
    rule_options rule;
    std::string fault;
  };
  const auto with = [](std::string action, auto set) {
    auto made = rule(std::move(action));
    set(made);
    return made;
  };
  const std::string equal_only = " action requires only 'source_labels' and 'target_label', and no other fields";
  const std::string regex_only = " action requires only 'regex', and no other fields";
  std::vector<row> rows{
      {rule(""), "unrecognized action type \"\""},
      {rule("Keep"), "unrecognized action type \"Keep\""},
      {rule("hashmod"), "relabel configuration for hashmod requires non-zero modulus"},
      {with("hashmod", [](auto& r) { r.modulus = 2; }),
       "relabel configuration for hashmod action requires 'target_label' value"},
      {with("hashmod", [](auto& r) { r.modulus = 2, r.target_label = "$1"; }),
       "\"$1\" is invalid 'target_label' for hashmod action"},
      {with("labelmap", [](auto& r) { r.replacement = ""; }), "\"\" is invalid 'replacement' for labelmap action"},
      {with("labelmap", [](auto& r) { r.replacement = "a-$1"; }),
       "\"a-$1\" is invalid 'replacement' for labelmap action"},
      {rule("keep"), ""},
      {rule("drop"), ""},
      {rule("labelmap"), ""},
      {with("replace", [](auto& r) { r.target_label = "a", r.replacement = "\xff"; }),
       "'replacement' is not valid UTF-8"},
      {with("keep", [](auto& r) { r.separator = "\xff"; }), "'separator' is not valid UTF-8"},
  };
  for (const std::string action : {"replace", "lowercase", "uppercase", "keepequal", "dropequal"}) {
    rows.push_back({rule(action), "relabel configuration for " + action + " action requires 'target_label' value"});
    rows.push_back({with(action, [](auto& r) { r.target_label = "a-b"; }),
                    "\"a-b\" is invalid 'target_label' for " + action + " action"});
    rows.push_back({with(action, [](auto& r) { r.target_label = "a"; }), ""});
  }
  for (const std::string action : {"lowercase", "uppercase", "keepequal", "dropequal"}) {
    rows.push_back({with(action, [](auto& r) { r.target_label = "a", r.replacement = "x"; }),
                    "'replacement' can not be set for " + action + " action"});
  }
  for (const std::string action : {"keepequal", "dropequal"}) {
    rows.push_back({with(action, [](auto& r) { r.target_label = "a", r.regex = "x"; }), action + equal_only});
    rows.push_back({with(action, [](auto& r) { r.target_label = "a", r.modulus = 1; }), action + equal_only});
    rows.push_back({with(action, [](auto& r) { r.target_label = "a", r.separator = ","; }), action + equal_only});
  }
  for (const std::string action : {"labeldrop", "labelkeep"}) {
    rows.push_back({with(action, [](auto& r) { r.regex = "a"; }), ""});
    rows.push_back({with(action, [](auto& r) { r.source_labels = {"a"}; }), action + regex_only});
    rows.push_back({with(action, [](auto& r) { r.target_label = "a"; }), action + regex_only});
    rows.push_back({with(action, [](auto& r) { r.modulus = 1; }), action + regex_only});
    rows.push_back({with(action, [](auto& r) { r.separator = ","; }), action + regex_only});
    rows.push_back({with(action, [](auto& r) { r.replacement = "x"; }), action + regex_only});
  }
  for (const auto& [rule, fault] : rows) {
    INFO(rule.action << " " << rule.target_label);
    CHECK(fault_of(rule) == fault);
    CHECK(rules::compile(std::vector{rule}).has_value() == fault.empty());
  }
}

TEST_CASE("target labels may be templates") {
  const auto valid = [](const std::string& target) {
    return relabel::validate({{}, ";", "(.*)", 0, target, "$1", "replace"}).has_value();
  };
  for (const char* good :
       {"a", "_", "a1", "$1", "${1}", "a$1", "a_${1}_b", "${name}x", "$1$2", "${1}2", "a${1}b${2}c9"}) {
    INFO(good);
    CHECK(valid(good));
  }
  for (const char* bad : {"1a", "$", "a$", "${}", "${1", "${a-b}", "$$1", "1$1", "a-$1", "$1.", "a b", "ä", "${1}-"}) {
    INFO(bad);
    CHECK_FALSE(valid(bad));
  }
}

TEST_CASE("a regular expression that is none is refused in Go's words") {
  struct row {
    std::string regex, fault;
  };
  for (const auto& [regex, fault] : std::vector<row>{
           {"(", "error parsing regexp: missing closing ): `^(?s:()$`"},
           {"a[", "error parsing regexp: missing closing ]: `[)$`"},
           {"*a", "error parsing regexp: missing argument to repetition operator: `*`"},
           {"a**", "error parsing regexp: invalid nested repetition operator: `**`"},
           {"\\8", "error parsing regexp: invalid escape sequence: `\\8`"},
           {"[z-a]", "error parsing regexp: invalid character class range: `z-a`"},
           {"(?z)", "error parsing regexp: invalid or unsupported Perl syntax: `(?z`"},
           {"\\C", "error parsing regexp: invalid escape sequence: `\\C`"},
           {"a{1001}", "error parsing regexp: invalid repeat count: `{1001}`"},
           {"(?P<>a)", "error parsing regexp: invalid named capture: `(?P<>`"},
           {"[[:foo:]]", "error parsing regexp: invalid character class range: `[:foo:]`"},
           {"[\\C]", "error parsing regexp: invalid escape sequence: `\\C`"},
           {")", "error parsing regexp: unexpected ): `^(?s:))$`"},
           {"\xff", "error parsing regexp: invalid UTF-8: ``"},
           {"a)(b", ""},
       }) {
    INFO(regex);
    auto with = rule("drop");
    with.regex = regex;
    CHECK(fault_of(with) == fault);
  }
}

TEST_CASE("actions have names") {
  CHECK(relabel::action_names().size() == 11);
  for (std::size_t i = 0; i < relabel::action_names().size(); ++i) {
    CHECK(relabel::parse_action(relabel::action_names()[i]) == static_cast<relabel::action>(i));
  }
  CHECK(relabel::parse_action("uppercase") == relabel::action::uppercase);
  CHECK_FALSE(relabel::parse_action("nothing"));
}
