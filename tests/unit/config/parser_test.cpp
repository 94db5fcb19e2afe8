#include "tests/unit/config/language.hpp"

#include "config/format.hpp"
#include "config/limits.hpp"
#include "tests/catch.hpp"

#include <algorithm>

using namespace troupe::config;
using namespace language;
using namespace std::string_literals;

TEST_CASE("what is right is read without a word") {
  for (const std::string text : {"",
                                 "\n\n",
                                 "// only a comment",
                                 "/* a */ // b\n/* c\n */",
                                 "\xEF\xBB\xBF"
                                 "a = 1",
                                 "a = 1",
                                 "a = 1\r\nb = 2\r\n",
                                 "a { }",
                                 "a { b = 1 }",
                                 "a.b.c \"label\" { }",
                                 "a \"\" { }",
                                 "a \"\xC3\xA4_1\" { }",
                                 "\xC3\xA4 = 1\n_x = 2",
                                 "a = [1, 2,]",
                                 "a = [\n1,\n2,\n]",
                                 "a = {k = v, \"quoted key\" = v,}",
                                 "a = f(a, b,)",
                                 "a = f(\n\ta,\n)",
                                 "a = []",
                                 "a = {}",
                                 "a = {\n}",
                                 "a = f()",
                                 "a = x.y[0][\"k\"].z(1)(2)",
                                 "a = !x && -y || z",
                                 "a = `raw\nstring`",
                                 "a = 1 +\n2",
                                 "a = x // comment\nb = y /* c */ // d\nc = z /* e */ + 1",
                                 "a = x.\ny",
                                 "a = -1 ^ -2",
                                 "a = .5 + 1. + 1e3 + 1.5E-3",
                                 "a = \"\\a\\b\\f\\n\\r\\t\\v\\\\\\\"\\101\\x41\\u00e4\\U0001F600\"",
                                 "a = {\n\tb = {\n\t\tc = 1,\n\t},\n}"}) {
    INFO(text);
    CHECK(mistakes(text).empty());
  }
}

TEST_CASE("mistakes of characters") {
  for (const auto& [text, expected] : std::vector<example>{
           {"a = \"x\0y\""s, "1:7: illegal character NUL\n"},
           {"a = \"\xFF\"", "1:6: illegal UTF-8 encoding\n"},
           {"a = 1\n\xEF\xBB\xBF", "2:1: illegal byte order mark\n2:1: expected identifier, got ILLEGAL\n"},
           {"a = \"x", "1:5: string literal not terminated\n"},
           {"a = \"x\nb = 1", "1:5: string literal not terminated\n"},
           {"a = `x\nb = 1", "1:5: string literal not terminated\n"},
           {"a = 'x'", "1:5: illegal single-quoted string; use double quotes\n1:5: expected expression, got ILLEGAL\n"},
           {"a = \"\\q\"", "1:7: unknown escape sequence\n"},
           {"a = \"\\'\"", "1:7: unknown escape sequence\n"},
           {"a = \"\\8\"", "1:7: unknown escape sequence\n"},
           {"a = \"\\400\"", "1:7: escape sequence is invalid Unicode code point\n"},
           {"a = \"\\ud800\"", "1:7: escape sequence is invalid Unicode code point\n"},
           {"a = \"\\U00110000\"", "1:7: escape sequence is invalid Unicode code point\n"},
           {"a = \"\\xg0\"", "1:7: illegal character U+0067 'g' in escape sequence\n"},
           {"a = \"\\08\"", "1:7: illegal character U+0038 '8' in escape sequence\n"},
           {"a = 1e", "1:5: exponent has no digits\n"},
           {"a = 1e+", "1:5: exponent has no digits\n"},
           {"a = b | c", "1:8: missing second | in ||\n"},
           {"a = b & c", "1:8: missing second & in &&\n"},
           {"/* a", "1:1: block comment not terminated\n"},
           {"a = @", "1:5: illegal character U+0040 '@'\n1:5: expected expression, got ILLEGAL\n"},
           {"a = 0x10", "1:6: expected TERMINATOR, got IDENT\n"},
           {"a = 1_000", "1:6: expected TERMINATOR, got IDENT\n"},
           {"a-b = 1", "1:2: expected block label, got -\n"},
       }) {
    INFO(text);
    CHECK(mistakes(text) == expected);
  }
}

TEST_CASE("mistakes of grammar") {
  for (const auto& [text, expected] : std::vector<example>{
           {"1 = 2", "1:1: expected identifier, got NUMBER\n"},
           {"a", "1:2: expected block label, got TERMINATOR\n"},
           {"a \"l\"", "1:6: expected block body, got TERMINATOR\n"},
           {"a \"\"", "1:5: expected attribute assignment or block body, got TERMINATOR\n"},
           {"a b { }", "1:3: expected block label, got IDENT\n"},
           {"a. = 1", "1:4: expected identifier, got =\n"},
           {"a = 1 b = 2", "1:7: expected TERMINATOR, got IDENT\n"},
           {"a { b = 1 c = 2 }", "1:11: expected TERMINATOR, got IDENT\n"},
           {"a.b = 1", "1:1: attribute names may only consist of a single identifier with no \".\"\n"},
           {"a \"l\" = 1", "1:3: attribute names may not have labels\n"},
           {"a `l` { }", "1:3: expected block label to be a double quoted string, but got \"`l`\"\n"},
           {"a \"b c\" { }", "1:3: expected block label to be a valid identifier, but got \"b c\"\n"},
           {"a \"1-b\"", "1:3: expected block label to be a valid identifier\n"},
           {"a \"1b\" { }", "1:3: expected block label to be a valid identifier, but got \"1b\"\n"},
           {"a = [1 2]", "1:8: missing ',' in expression list\n"},
           {"a = [\n1\n]", "2:2: missing ',' in expression list\n"},
           {"a = {b = 1 c = 2}", "1:12: missing ',' in field list\n"},
           {"a = {\nb = 1\n}", "2:6: missing ',' in field list\n"},
           {"a = f(\nb\n)", "2:2: missing ',' in expression list\n"},
           {"a = {b: 1}", "1:7: illegal character U+003A ':'\n1:7: expected =, got ILLEGAL\n"},
           {"a = {1 = 2}", "1:6: expected field name (string or identifier), got NUMBER\n"},
           {"a = ", "1:5: expected expression, got EOF\n"},
           {"a = 1 +", "1:8: expected expression, got EOF\n"},
           {"a = (1", "1:7: expected ), got TERMINATOR\n"},
           {"a = b[1", "1:8: expected ], got TERMINATOR\n"},
           {"a = b.1", "1:6: expected TERMINATOR, got FLOAT\n"},
           {"a = b.\"c\"", "1:7: expected IDENT, got STRING\n"},
           {"a {", "1:4: expected }, got EOF\n"},
           {"}", "1:1: expected identifier, got }\n"},
           {"a = b ? c : d",
            "1:7: illegal character U+003F '?'\n1:7: expected TERMINATOR, got ILLEGAL\n1:11: illegal character U+003A "
            "':'\n"},
           {"a = b \"c\" {\n\td = 1\n}", "1:5: cannot use a block as an expression\n"},
           {"a = b.c {\n}", "1:5: cannot use a block as an expression\n"},
       }) {
    INFO(text);
    CHECK(mistakes(text) == expected);
  }
}

TEST_CASE("ten mistakes are reported at once, each where it is, and nothing else") {
  const std::string text =
      "logging {\n"                              // 1
      "\tlevel = \"debug\n"                      // 2: not terminated
      "\tformat == \"json\"\n"                   // 3: == instead of =
      "}\n"                                      // 4
      "prometheus.scrape default {\n"            // 5: label without quotes
      "\ttargets = [1 2]\n"                      // 6: inside what 5 skips
      "}\n"                                      // 7
      "prometheus.scrape \"a-b\" {\n"            // 8: no identifier
      "\ttargets    = [{__address__ = \"a\"}\n"  // 9: list not closed
      "\tforward.to = []\n"                      // 10: dotted attribute
      "\tjob_name   = 'x'\n"                     // 11: single quotes
      "\tscheme     = prometheus.x \"y\" { }\n"  // 12: block as an expression
      "\tparams     = {\n"                       // 13
      "\t\ta = [\"b\"]\n"                        // 14: no comma
      "\t}\n"                                    // 15
      "\tsample_limit = 1 | 2\n"                 // 16
      "}\n"                                      // 17
      "x = \"\\q\" y = 2\n"                      // 18: two on one line, from scanner and parser
      "z {\n";                                   // 19: not closed
  CHECK(mistakes(text) ==
        "2:10: string literal not terminated\n"
        "3:9: expected block label, got ==\n"
        "5:19: expected block label, got IDENT\n"
        "8:19: expected block label to be a valid identifier, but got \"a-b\"\n"
        "9:35: missing ',' in expression list\n"
        "10:2: attribute names may only consist of a single identifier with no \".\"\n"
        "11:15: illegal single-quoted string; use double quotes\n"
        "11:15: expected expression, got ILLEGAL\n"
        "12:15: cannot use a block as an expression\n"
        "14:12: missing ',' in field list\n"
        "16:20: missing second | in ||\n"
        "18:7: unknown escape sequence\n"
        "18:10: expected TERMINATOR, got IDENT\n"
        "20:1: expected }, got EOF\n");
}

TEST_CASE("nodes know their places") {
  diagnostics found;
  const auto source = source_file::make("f", "a.b \"l\" {\n\tc = x.y[\"z\"] + f(1, [2])\n}\n");
  const auto file = parse(source, found);
  REQUIRE(found.empty());
  REQUIRE(file.statements.size() == 1);
  const auto* block = file.statements[0].as_block();
  REQUIRE(block != nullptr);
  CHECK(block->full_name() == "a.b");
  CHECK(block->id() == "a.b.l");
  CHECK(block->label_where.text() == "\"l\"");
  CHECK(block->head().text() == "a.b \"l\" {");
  CHECK(block->where.text() == "a.b \"l\" {\n\tc = x.y[\"z\"] + f(1, [2])\n}");
  CHECK(block->close.first() == position{3, 1});
  REQUIRE(block->statements.size() == 1);
  const auto* attribute = block->statements[0].as_attribute();
  REQUIRE(attribute != nullptr);
  CHECK(attribute->where.text() == "c = x.y[\"z\"] + f(1, [2])");
  CHECK(attribute->name.where.first() == position{2, 2});
  const auto* sum = attribute->value.as<ast::binary>();
  REQUIRE(sum != nullptr);
  CHECK(sum->op_where.text() == "+");
  CHECK(sum->left->where.text() == "x.y[\"z\"]");
  CHECK(sum->right->where.text() == "f(1, [2])");
  const auto* call = sum->right->as<ast::call>();
  REQUIRE(call != nullptr);
  CHECK(call->arguments[1].where.text() == "[2]");
  CHECK(attribute->value.depth == 4);
}

TEST_CASE("operators bind as they should") {
  const auto shape = [](const std::string& text) {
    diagnostics found;
    const auto e = parse_expression(source_file::make("", text), found);
    REQUIRE(e);
    const auto show = [](const auto& self, const ast::expression& x) -> std::string {
      if (const auto* b = x.as<ast::binary>()) {
        return "(" + self(self, *b->left) + std::string(ast::text_of(b->op)) + self(self, *b->right) + ")";
      }
      if (const auto* u = x.as<ast::unary>())
        return "(" + std::string(ast::text_of(u->op)) + self(self, *u->value) + ")";
      return print(x);
    };
    return show(show, e->root);
  };
  for (const auto& [text, expected] : std::vector<example>{
           {"a || b && c", "(a||(b&&c))"},
           {"a && b == c", "(a&&(b==c))"},
           {"a == b + c", "(a==(b+c))"},
           {"a + b * c", "(a+(b*c))"},
           {"a * b ^ c", "(a*(b^c))"},
           {"a - b - c", "((a-b)-c)"},
           {"a / b % c", "((a/b)%c)"},
           {"a ^ b ^ c", "(a^(b^c))"},
           {"-a ^ b", "((-a)^b)"},
           {"a ^ -b", "(a^(-b))"},
           {"!a.b", "(!a.b)"},
           {"--a", "(-(-a))"},
           {"a < b == c", "((a<b)==c)"},
           {"a <= b || c >= d", "((a<=b)||(c>=d))"},
           {"a != b > c", "((a!=b)>c)"},
       }) {
    INFO(text);
    CHECK(shape(text) == expected);
  }
}

TEST_CASE("a lone expression fills its text") {
  diagnostics found;
  CHECK(parse_expression(source_file::make("", "a.b\n"), found));
  CHECK_FALSE(parse_expression(source_file::make("", "a.b c"), found));
  CHECK(found.summary() == "1:5: expected EOF, got IDENT");
  diagnostics none;
  CHECK_FALSE(parse_expression(source_file::make("", ""), none));
  CHECK(none.summary() == "1:1: expected expression, got EOF");
}

namespace {

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i)
    all += text;
  return all;
}

}  // namespace

TEST_CASE("nesting is limited, whatever nests") {
  for (const std::string nest : {"[", "{a = ", "(", "f(", "x[", "-", "!", "1 ^ ", "[{a = ("}) {
    INFO(nest);
    CHECK(mistakes("v = " + repeated(nest, 100'000)).find("nested deeper than 256 levels\n") != std::string::npos);
  }
  CHECK(mistakes(repeated("b {\n", 100'000)).find("nested deeper than 256 levels\n") != std::string::npos);
  CHECK(mistakes(repeated("b = c {\n", 100'000)).find("nested deeper than 256 levels\n") != std::string::npos);
  CHECK(mistakes("v = a" + repeated(".b", 100'000)).find("nested deeper than 256 levels\n") != std::string::npos);
  CHECK(mistakes("v = 1" + repeated(" + 1", 100'000)).find("nested deeper than 256 levels\n") != std::string::npos);
  CHECK(mistakes("v = f" + repeated("()", 100'000)).find("nested deeper than 256 levels\n") != std::string::npos);
  CHECK(mistakes("v = " + repeated("[", 200) + repeated("]", 200)).empty());
  CHECK(mistakes("v = 1" + repeated(" + 1", 200)).empty());
  CHECK(value_of(repeated("(", 200) + "1" + repeated(")", 200)) == "1");
  CHECK(value_of("1" + repeated(" + 1", 200)) == "201");
}

TEST_CASE("size and number are limited") {
  CHECK(mistakes(std::string(max_source_bytes + 1, '\n')) == "1:1: the file is larger than 16777216 bytes\n");
  CHECK(mistakes(std::string(max_source_bytes, '\n')).empty());
  const auto many = mistakes("v = [" + repeated("1,", max_nodes) + "]");
  CHECK(many.ends_with("the file has too many statements and expressions\n"));
  const auto errors = mistakes(repeated("1\n", 5000));
  CHECK(std::count(errors.begin(), errors.end(), '\n') == max_errors);
  CHECK(errors.ends_with("1000:1: too many errors\n"));
  CHECK(mistakes("a = 1 " + repeated("/**/", 1'000'000) + "\nb = 2").empty());  // not quadratic
}

TEST_CASE("identifiers are letters and digits of any script") {
  for (const char* text : {"a", "_", "a1", "\xC3\xA4", "_\xD9\xA3", "\xE4\xB8\xAD\xE6\x96\x87"})
    CHECK(is_identifier(text));
  for (const char* text : {"", "1", "a-b", "a.b", " a", "\xD9\xA3", "a\xFF", "\xE2\x82\xAC"})
    CHECK_FALSE(is_identifier(text));
}
