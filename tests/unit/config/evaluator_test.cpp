#include "config/evaluator.hpp"

#include "config/secret.hpp"
#include "tests/catch.hpp"
#include "tests/unit/config/language.hpp"

using namespace troupe::config;
using language::example;
using language::value_of;

namespace {

class receiver final : public capsule {
 public:
  [[nodiscard]] std::string type_name() const override { return "prometheus.MetricsReceiver"; }
  [[nodiscard]] std::string to_text() const override { return "prometheus.relabel.x.receiver"; }
};

class target final : public capsule {
 public:
  [[nodiscard]] std::string type_name() const override { return "discovery.Target"; }
  [[nodiscard]] const object* fields() const override { return &fields_; }

 private:
  object fields_{{{"__address__", value("a:1")}}};
};

scope example_scope() {
  scope names;
  names.set("secret", make_secret("s"));
  names.set("hidden", make_optional_secret("h", true));
  names.set("open", make_optional_secret("o", false));
  names.set("large", std::uint64_t{18446744073709551615U});
  names.set("two", std::uint64_t{2});
  names.set("lowest", std::numeric_limits<std::int64_t>::min());
  names.set("receiver", std::make_shared<const receiver>());
  names.set("target", std::make_shared<const target>());
  names.set("f", function("f", [](std::span<const value>) -> fitted<value> { return value("called"); }));
  names.set("list", array{1, "two", object({{"three", array{3}}})});
  names.set("prometheus",
            object({{"relabel", object({{"x", object({{"receiver", value(std::make_shared<const receiver>())}})}})}}));
  return names;
}

}  // namespace

TEST_CASE("expressions and their values") {
  const scope names = example_scope();
  for (const auto& [text, expected] : std::vector<example>{
           {"null", "null"},
           {"true", "true"},
           {"(1)", "1"},
           {"\"a\\tb\\x41\\u00e4\"", "\"a\\tbA\xC3\xA4\""},
           {"\"\\xc3\\xa4\"", "\"\xC3\xA4\""},
           {"`a\\n\r\nb`", "\"a\\\\n\\nb\""},
           {"010", "8"},
           {"09", "9"},
           // arithmetic
           {"1 + 2 * 3", "7"},
           {"(1 + 2) * 3", "9"},
           {"7 / 2", "3"},
           {"-7 / 2", "-3"},
           {"7 / 2.0", "3.5"},
           {"7 % 3", "1"},
           {"-7 % 3", "-1"},
           {"7.5 % 2", "1.5"},
           {"2 ^ 10", "1024"},
           {"2 ^ 3 ^ 2", "512"},
           {"-2 ^ 2", "4"},
           {"2 ^ -1", "0.5"},
           {"2.0 ^ 0.5", "1.4142135623730951"},
           {"0 ^ 0", "1"},
           {"1 - 2", "-1"},
           {"two - 1", "1"},
           {"two + two", "4"},
           {"two * 1.5", "3"},
           {"large + two", "1"},
           {"large", "18446744073709551615"},
           {"large / two", "9223372036854775807"},
           {"9223372036854775807 + 1", "-9223372036854775808"},
           {"lowest / -1", "-9223372036854775808"},
           {"lowest % -1", "0"},
           {"2 ^ 64", "0"},
           {"-two", "-2"},
           {"-1.5", "-1.5"},
           {"--1", "1"},
           // texts
           {"\"a\" + \"b\"", "\"ab\""},
           {"secret + \"x\"", "(secret)"},
           {"\"x\" + secret", "(secret)"},
           {"hidden + \"x\"", "(secret)"},
           {"open + \"x\"", "\"ox\""},
           {"open + open", "\"oo\""},
           {"secret + hidden", "(secret)"},
           {"convert.nonsensitive(secret + \"x\")", "\"sx\""},
           {"convert.nonsensitive(\"x\" + hidden + secret)", "\"xhs\""},
           // comparison
           {"3 == 3.0", "true"},
           {"1 == \"1\"", "false"},
           {"null == null", "true"},
           {"null == 0", "false"},
           {"[1, [2]] == [1, [2]]", "true"},
           {"{a = 1} == {a = 1.0}", "true"},
           {"{a = 1} != {b = 1}", "true"},
           {"f == f", "false"},
           {"secret == \"s\"", "true"},
           {"open == \"o\"", "true"},
           {"receiver == receiver", "true"},
           {"receiver == target", "false"},
           {"1 < 2", "true"},
           {"2 <= 1", "false"},
           {"\"a\" < \"b\"", "true"},
           {"\"b\" >= \"a\"", "true"},
           {"1.5 > 1", "true"},
           {"-1 < two", "true"},
           {"open < \"p\"", "true"},
           // logic
           {"true && false", "false"},
           {"true || false", "true"},
           {"!true", "false"},
           {"!(1 == 2)", "true"},
           // access
           {"{a = {b = 1}}.a.b", "1"},
           {"{a = 1}[\"a\"]", "1"},
           {"{a = 1}[\"b\"]", "null"},
           {"{a = 1, a = 2}.a", "2"},
           {"{\"a b\" = 1}[\"a b\"]", "1"},
           {"{\"a\\tb\" = 1}[\"a\\\\tb\"]", "1"},  // escapes in keys stay as written
           {"[1, 2][1]", "2"},
           {"[1, 2][0.9]", "1"},
           {"list[2].three[0]", "3"},
           {"target.__address__", "\"a:1\""},
           {"target[\"x\"]", "null"},
           {"prometheus.relabel.x.receiver", "prometheus.relabel.x.receiver"},
           {"f()", "\"called\""},
           {"f(1, 2)", "\"called\""},
       }) {
    INFO(text);
    CHECK(value_of(text, names) == expected);
  }
}

TEST_CASE("errors name the culprit") {
  const scope names = example_scope();
  for (const auto& [text, expected] : std::vector<example>{
           {"x", "1:1: identifier \"x\" does not exist"},
           {"{a = 1}.b", "1:9: field \"b\" does not exist"},
           {"prometheus.relabel.y.receiver", "1:20: field \"y\" does not exist"},
           {"1.a", "1:3: expected EOF, got IDENT"},
           {"(1).a", "1:1: (1) cannot access field \"a\" on value of type number"},
           {"list.a", "1:1: list cannot access field \"a\" on value of type array"},
           {"receiver.a", "1:1: receiver expected object or array or a capsule convertible to an object, got capsule"},
           {"receiver[0]", "1:1: receiver expected object or array or a capsule convertible to an object, got capsule"},
           {"target.x", "1:8: field \"x\" does not exist"},
           {"target[0]", "1:8: 0 should be string, got number"},
           {"list[3]", "1:6: 3 index 3 is out of range of array with length 3"},
           {"list[-1]", "1:6: -1 index -1 is out of range of array with length 3"},
           {"list[\"a\"]", "1:6: \"a\" should be number, got string"},
           {"{a = 1}[0]", "1:9: 0 should be string, got number"},
           {"true[0]", "1:1: true expected object or array, got bool"},
           {"1(2)", "1:1: 1 should be function, got number"},
           {"string.to_upper()", "1:1: string.to_upper expected 1 args, got 0"},
           {"string.join([\"a\", true], \",\")", "1:19: true should be string, got bool"},
           {"string.join(list, \",\")", "1:13: list[2] should be string, got object"},
           {"1 / 0", "1:5: 0 divide by zero error"},
           {"1 % 0.0", "1:5: 0.0 divide by zero error"},
           {"1 + \"a\"", "1:5: \"a\" should be number, got string"},
           {"\"a\" + 1", "1:7: 1 should be string, got number"},
           {"true + 1", "1:1: true should be one of [number string capsule] for binop +, got bool"},
           {"1 + [2]", "1:5: [2] should be one of [number string capsule] for binop +, got array"},
           {"receiver + receiver", "1:1: receiver could not perform binop + for unknown types lhs capsule rhs capsule"},
           {"secret + 1", "1:10: 1 should be capsule, got number"},
           {"\"a\" - \"b\"", "1:1: \"a\" should be one of [number] for binop -, got string"},
           {"2 * null", "1:5: null should be one of [number] for binop *, got null"},
           {"true < false", "1:1: true should be one of [number string] for binop <, got bool"},
           {"1 < \"a\"", "1:5: \"a\" should be number, got string"},
           {"1 && true", "1:1: 1 should be one of [bool] for binop &&, got number"},
           {"true || 1", "1:9: 1 should be one of [bool] for binop ||, got number"},  // no short-circuit
           {"!1", "1:2: 1 should be bool, got number"},
           {"-\"a\"", "1:2: \"a\" should be number, got string"},
           {"1e999", "1:1: number 1e999 is out of range"},
           // all at once
           {"[x, y, {a = z}]",
            "1:2: identifier \"x\" does not exist\n1:5: identifier \"y\" does not exist\n1:13: identifier \"z\" does "
            "not exist"},
           {"x + f(y)", "1:1: identifier \"x\" does not exist\n1:7: identifier \"y\" does not exist"},
           {"x[y]", "1:1: identifier \"x\" does not exist\n1:3: identifier \"y\" does not exist"},
       }) {
    INFO(text);
    CHECK(value_of(text, names) == expected);
  }
}

TEST_CASE("errors are bounded in number and in length") {
  std::string many = "[";
  for (int i = 0; i < 5000; ++i)
    many += "x, ";
  diagnostics found;
  const auto e = parse_expression(source_file::make("", many + "]"), found);
  REQUIRE(e);
  CHECK(evaluate(e->root, scope()).error().size() == 1000);
  const std::string long_text(10'000, 'a');
  CHECK(value_of("!\"" + long_text + "\"") ==
        "1:2: \"" + long_text.substr(0, 4095) + "\xE2\x80\xA6 should be bool, got string");
}

TEST_CASE("scopes hide what is under them") {
  scope outer;
  outer.set("a", 1);
  outer.set("string", "mine");
  scope inner(&outer);
  inner.set("b", 2);
  CHECK(value_of("a + b", inner) == "3");
  CHECK(value_of("string", inner) == "\"mine\"");
  CHECK(value_of("b", outer) == "1:1: identifier \"b\" does not exist");
  inner.set("a", 10);
  CHECK(value_of("a", inner) == "10");
  CHECK(value_of("a", outer) == "1");
  CHECK(value_of("sys", scope(nullptr)) == "1:1: identifier \"sys\" does not exist");
}

TEST_CASE("module_path is the directory of the file, unless something nearer has that name") {
  const auto in = [](const std::string& name, const scope& names = scope()) {
    diagnostics none;
    const auto e = parse_expression(source_file::make(name, "module_path"), none);
    return print(*evaluate(e->root, names));
  };
  CHECK(in("/etc/troupe/a.alloy") == "\"/etc/troupe\"");
  CHECK(in("conf/d/../a.alloy") == "\"conf\"");
  CHECK(in("a.alloy") == "\".\"");
  CHECK(in("./a.alloy") == "\".\"");
  CHECK(in("/a.alloy") == "\"/\"");
  scope own;
  own.set("module_path", "mine");
  CHECK(in("/etc/a.alloy", own) == "\"mine\"");
}

TEST_CASE("a misfit points at what is written, and spells the rest of the path") {
  const auto shown = [](const std::string& text, std::vector<path_step> path) {
    diagnostics found;
    const auto e = parse_expression(source_file::make("test", text), found);
    REQUIRE(e);
    const auto v = evaluate(e->root, example_scope());
    REQUIRE(v);
    const auto d = misfit_at(e->root, {"should be number, got string", std::move(path)}, *v);
    return d.text() + (d.value.empty() ? "" : " | " + d.value);
  };
  CHECK(shown("\"Hello, world!\"", {}) == "test:1:1: \"Hello, world!\" should be number, got string");
  CHECK(shown("[1, \"a\"]", {{std::size_t{1}}}) == "test:1:5: \"a\" should be number, got string");
  CHECK(shown("{k = [1, {v = \"x\"}]}", {{"k"}, {std::size_t{1}}, {"v"}}) ==
        "test:1:15: \"x\" should be number, got string");
  CHECK(shown("({k = \"a\", k = \"b\"})", {{"k"}}) == "test:1:16: \"b\" should be number, got string");
  CHECK(shown("list", {{std::size_t{1}}}) == "test:1:1: list[1] should be number, got string | \"two\"");
  CHECK(shown("[list]", {{std::size_t{0}}, {std::size_t{2}}, {"three"}, {std::size_t{0}}}) ==
        "test:1:2: list[2].three[0] should be number, got string | 3");
  CHECK(shown("[secret]", {{std::size_t{0}}}) == "test:1:2: secret should be number, got string");
  CHECK(shown("target", {{"__address__"}}) == "test:1:1: target.__address__ should be number, got string | \"a:1\"");
}

TEST_CASE("references are the traversals that start with a name") {
  const auto found_in = [](const std::string& text) {
    diagnostics none;
    const auto file = parse(source_file::make("", text), none);
    REQUIRE(none.empty());
    std::string all;
    for (const auto& r : references(file.statements)) {
      const position at = r.where.first();
      all += r.text() + "@" + std::to_string(at.line) + ":" + std::to_string(at.column) + "=" +
             std::string(r.where.text()) + " ";
    }
    return all;
  };
  CHECK(found_in("a = b.c.d") == "b.c.d@1:5=b.c.d ");
  CHECK(found_in("a = b.c[d.e].f") == "b.c@1:5=b.c d.e@1:9=d.e ");
  CHECK(found_in("a = f.g(x.y, [z], {k = w})") == "f.g@1:5=f.g x.y@1:9=x.y z@1:15=z w@1:24=w ");
  CHECK(found_in("a = f(x).y") == "f@1:5=f x@1:7=x ");
  CHECK(found_in("a = (b.c).d") == "b.c@1:6=b.c ");
  CHECK(found_in("a = -b + !c.d") == "b@1:6=b c.d@1:11=c.d ");
  CHECK(found_in("a = 1\nb {\n\tc = d\n\te {\n\t\tf = g.h\n\t}\n}") == "d@3:6=d g.h@5:7=g.h ");
  CHECK(found_in("a = {b = 1}.c") == "");  // NOLINT: nothing is found
  diagnostics none;
  const auto e = parse_expression(source_file::make("", "a.b.c.d"), none);
  const auto refs = references(e->root);
  REQUIRE(refs.size() == 1);
  REQUIRE(refs[0].parts.size() == 4);
  CHECK(refs[0].text(2) == "a.b");
  CHECK(refs[0].parts[2].where.first() == position{1, 5});
}
