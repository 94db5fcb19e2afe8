#include "config/format.hpp"

#include "config/parser.hpp"
#include "tests/catch.hpp"
#include "tests/unit/config/language.hpp"

using namespace troupe::config;
using language::example;

namespace {

std::string formatted(const std::string& text) {
  const auto out = format(source_file::make("f", text));
  return out ? *out : "!" + out.error().summary();
}

}  // namespace

TEST_CASE("formatting, rule by rule") {
  for (const auto& [text, expected] : std::vector<example>{
           {"", "\n"},
           {"\n\n// only a comment\n\n", "// only a comment\n"},
           {"a=1", "a = 1\n"},
           // tabs indent; a block is one statement a line
           {"a{b=1}", "a {\n\tb = 1\n}\n"},
           {"a{b{c=1}}", "a {\n\tb {\n\t\tc = 1\n\t}\n}\n"},
           {"a . b  \"l\"{}", "a.b \"l\" { }\n"},
           {"a \"\" {\n}", "a { }\n"},
           // = is aligned within a run
           {"a=1\nbbb=2\ncc=3", "a   = 1\nbbb = 2\ncc  = 3\n"},
           {"a=1\n\nbbb=2\ncc=3", "a = 1\n\nbbb = 2\ncc  = 3\n"},
           {"a=1\n\n\n\nb=2", "a = 1\n\nb = 2\n"},
           {"a=[\n1]\nbbb=2\ncc=3", "a = [\n\t1]\nbbb = 2\ncc  = 3\n"},
           {"aaa=1\nb=[\n1,\n]\ncc=3", "aaa = 1\nb   = [\n\t1,\n]\ncc = 3\n"},
           {"aaa=1\nb {\n c=1\n}\ndd=3", "aaa = 1\n\nb {\n\tc = 1\n}\ndd = 3\n"},
           // blocks are set off
           {"a {}\nb {}", "a { }\n\nb { }\n"},
           {"a {}\nb=1", "a { }\nb = 1\n"},
           // comments
           {"a=1//x\nbbb=2 //y", "a   = 1 //x\nbbb = 2 //y\n"},
           {"a=1 // x\nb=22222 // y", "a = 1     // x\nb = 22222 // y\n"},
           {"// head\n\n\na=1\n// own line\nb=1", "// head\n\na = 1\n// own line\nb = 1\n"},
           {"a {\n// only\n}", "a {\n\t// only\n}\n"},
           {"a { // behind\nb=1\n// last\n}", "a { // behind\n\tb = 1\n\t// last\n}\n"},
           {"a = /* in */ 1", "a = /* in */ 1\n"},
           {"a = 1 /* behind */\n/* before */ b = 2", "a = 1 /* behind */\n/* before */ b = 2\n"},
           {"a=1 // windows\r\nb=2\r\n", "a = 1 // windows\nb = 2\n"},
           // lists and objects: where lines were, lines are; the closer on its own line has a comma before it
           {"a=[1,2,]", "a = [1, 2]\n"},
           {"a=[ ]", "a = []\n"},
           {"a=[\n1,\n2,\n]", "a = [\n\t1,\n\t2,\n]\n"},
           {"a=[\n1, 2,\n3,\n]", "a = [\n\t1, 2,\n\t3,\n]\n"},
           {"a=[ // x\n1, // y\n// z\n]", "a = [ // x\n\t1, // y\n\t// z\n]\n"},
           {"a={b=1,cc=2}", "a = {b = 1, cc = 2}\n"},
           {"a={}", "a = {}\n"},
           {"a={\nb=1,\n\"c c\"=2,\n}", "a = {\n\tb     = 1,\n\t\"c c\" = 2,\n}\n"},
           {"a={\nb={\nc=1,\n},\nddd=2,\n}", "a = {\n\tb = {\n\t\tc = 1,\n\t},\n\tddd = 2,\n}\n"},
           {"a=f( b,c )", "a = f(b, c)\n"},
           {"a=f(\nb,\nc,\n)", "a = f(\n\tb,\n\tc,\n)\n"},
           {"a=f(\n)", "a = f()\n"},
           {"a=[{\nb=1,\n}, {\nb=2,\n}]", "a = [{\n\tb = 1,\n}, {\n\tb = 2,\n}]\n"},
           // operators are spaced; what was written stays
           {"a=1+2*-3^!b", "a = 1 + 2 * -3 ^ !b\n"},
           {"a=(1+2)*x . y[ 0 ]( \"k\" )", "a = (1 + 2) * x.y[0](\"k\")\n"},
           {"a=1 .b", "a = 1 .b\n"},
           {"a=1+\n2\nbbb=3", "a   = 1 + 2\nbbb = 3\n"},
           {"a=010\nb=1.50e+3\nc=\"\\u00e4\"", "a = 010\nb = 1.50e+3\nc = \"\\u00e4\"\n"},
           {"a={\"x\\ty\" = 1, `r` = 2}", "a = {\"x\\ty\" = 1, `r` = 2}\n"},
           {"a {\nb=`raw\n  text\t`\n}", "a {\n\tb = `raw\n  text\t`\n}\n"},
           {"aaa=1\nb=`raw\n`\ncc=2", "aaa = 1\nb   = `raw\n`\ncc = 2\n"},
           {"\xC3\xA4=1\nbb=2", "\xC3\xA4  = 1\nbb = 2\n"},
           {"a=2", "a = 2\n"},
       }) {
    INFO(text);
    CHECK(formatted(text) == expected);
    CHECK(formatted(expected) == expected);
  }
}

TEST_CASE("what doesn't parse isn't formatted") {
  CHECK(formatted("a = \"x") == "!f:1:5: string literal not terminated");
  CHECK(formatted("a = 1 b = 2\nc c") == "!f:1:7: expected TERMINATOR, got IDENT (and 1 more diagnostics)");
}

TEST_CASE("an expression alone") {
  diagnostics found;
  const auto e = parse_expression(source_file::make("", "f( [1,{a=2}] , x )[ \"k\" ].y"), found);
  REQUIRE(e);
  CHECK(print(e->root) == "f([1, {a = 2}], x)[\"k\"].y");
}

TEST_CASE("lines beside a very long name are not padded to its width") {
  const std::string name(1000, 'n');
  CHECK(formatted("a = 1\n" + name + " = 2\nbcd = 3\n") == "a   = 1\n" + name + " = 2\nbcd = 3\n");
  CHECK(print(value(object({{"a", 1}, {name, 2}, {"bcd", 3}}))) == "{\n\ta   = 1,\n\tbcd = 3,\n\t" + name + " = 2,\n}");
}
