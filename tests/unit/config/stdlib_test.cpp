#include "config/stdlib.hpp"

#include "config/secret.hpp"
#include "tests/catch.hpp"
#include "tests/unit/config/language.hpp"

#include <unistd.h>

#include <cstdlib>

using namespace troupe::config;
using language::example;
using language::value_of;

namespace {

class target final : public capsule {
 public:
  explicit target(object fields) : fields_(std::move(fields)) {}
  [[nodiscard]] std::string type_name() const override { return "discovery.Target"; }
  [[nodiscard]] const object* fields() const override { return &fields_; }

 private:
  object fields_;
};

scope example_scope() {
  scope names;
  names.set("secret", make_secret("s"));
  names.set("no_secret", make_optional_secret("n", false));
  names.set("nothing", make_secret(""));
  names.set("targets", array{std::make_shared<const target>(object({{"a", "x"}, {"t", 1}}))});
  names.set("no_fields", std::make_shared<const target>(object()));
  return names;
}

void check(const std::vector<example>& rows) {
  const scope names = example_scope();
  for (const auto& [text, expected] : rows) {
    INFO(text);
    CHECK(value_of(text, names) == expected);
  }
}

}  // namespace

TEST_CASE("string.*") {
  check({
      {"string.join([\"a\", 1, 2.5], \", \")", "\"a, 1, 2.5\""},
      {"string.join([], \",\")", "\"\""},
      {"string.join(null, \",\")", "\"\""},
      {"string.join(\"a\", \",\")", "1:13: \"a\" should be array, got string"},
      {"string.replace(\"aXbX\", \"X\", \"--\")", "\"a--b--\""},
      {"string.replace(\"\xC3\xA4"
       "b\", \"\", \"-\")",
       "\"-\xC3\xA4-b-\""},
      {"string.replace(\"aaa\", \"aa\", \"b\")", "\"ba\""},
      {"string.split(\"a,b,\", \",\")", "[\"a\", \"b\", \"\"]"},
      {"string.split(\"\", \",\")", "[\"\"]"},
      {"string.split(\"\xC3\xA4"
       "b\", \"\")",
       "[\"\xC3\xA4\", \"b\"]"},
      {"string.split(\"\", \"\")", "[]"},
      {"string.to_lower(\"A\xC3\x84\xCE\xA9z\")", "\"a\xC3\xA4\xCF\x89z\""},
      {"string.to_upper(\"a\xC3\xA4\xCF\x89Z\xC3\xBF\")", "\"A\xC3\x84\xCE\xA9Z\xC5\xB8\""},
      {"string.trim(\"xyaxby\", \"xy\")", "\"axb\""},
      {"string.trim(\"\xC3\xA4"
       "a\xC3\xA4\", \"\xC3\xA4\")",
       "\"a\""},
      {"string.trim(\"aaa\", \"a\")", "\"\""},
      {"string.trim(\"a\", \"\")", "\"a\""},
      {"string.trim_prefix(\"prefix\", \"pre\")", "\"fix\""},
      {"string.trim_prefix(\"x\", \"pre\")", "\"x\""},
      {"string.trim_suffix(\"a.txt\", \".txt\")", "\"a\""},
      {"string.trim_space(\"\\t a b\\n\\u00a0\")", "\"a b\""},
      {"string.to_lower(1)", "\"1\""},
      {"string.to_lower(true)", "1:17: true should be string, got bool"},
      {"string.to_lower(no_secret)", "\"n\""},
      {"string.to_lower(secret)", "1:17: secret secrets may not be converted into strings"},
      {"string.split(\"a\")", "1:1: string.split expected 2 args, got 1"},
      {"string.format()", "1:1: string.format expected at least 1 args, got 0"},
  });
}

// The expected texts are what Go 1.26 prints.
TEST_CASE("string.format prints as Go does") {
  check({
      {R"~(string.format("%d items, %s: %v", 3, "x", true))~", R"~("3 items, x: true")~"},
      {R"~(string.format("%05d|%-5d|%+d|%x|%#x|%08d|%+05d|% d", 42, 42, 42, 255, 255, -42, 5, 5))~",
       R"~("00042|42   |+42|ff|0xff|-0000042|+0005| 5")~"},
      {R"~(string.format("%08.3f|%6.2f|%.0f|%5.1f|%+.3e|%e|%G", 3.14159, 2.0, 2.5, 9.96, 12345.678, 1.5, 1e-7))~",
       R"~("0003.142|  2.00|2| 10.0|+1.235e+04|1.500000e+00|1E-07")~"},
      {R"~(string.format("%v %v %v %g %v %v", 1e6, 123456789.0, 100000.0, 0.0001, 0.00001, 1e21))~",
       R"~("1e+06 1.23456789e+08 100000 0.0001 1e-05 1e+21")~"},
      {R"~(string.format("%q|%05s|%-5s|%.2s|%x|% x|%X|%#q", "hi\n", "ab", "ab", "abc", "hi", "hi", "hello", "x"))~",
       R"~("\"hi\\n\"|000ab|ab   |ab|6869|68 69|68656C6C6F|`x`")~"},
      {R"~(string.format("%c|%U|%#U|%q|%b|%o|%#o|%O|%X|%.3d|%6.3d", 65, 65, 65, 65, 5, 8, 8, 8, -255, 5, 5))~",
       R"~("A|U+0041|U+0041 'A'|'A'|101|10|010|0o10|-FF|005|   005")~"},
      {R"~(string.format("%v|%s|%d|%v", [1, "a", null, 2.5], {b = 1, a = "x"}, [1, "a"], {}))~",
       R"~("[1 a <nil> 2.5]|map[a:x b:%!s(int=1)]|[1 %!d(string=a)]|map[]")~"},
      {R"~(string.format("%s|%v|%d", null, null, null))~", R"~("%!s(<nil>)|<nil>|%!d(<nil>)")~"},
      {R"~(string.format("%d|%s|%t|%z", "str", true, "x", 1))~",
       R"~("%!d(string=str)|%!s(bool=true)|%!t(string=x)|%!z(int=1)")~"},
      {R"~(string.format("%#v|%T|%T|%T", ["a", 1], 1.5, "s", [1]))~",
       R"~("[]interface {}{\"a\", 1}|float64|string|[]interface {}")~"},
      {R"~(string.format("%d", 1, 2, "x"))~", R"~("1%!(EXTRA int=2, string=x)")~"},
      {R"~(string.format("%s %d"))~", R"~("%!s(MISSING) %!d(MISSING)")~"},
      {R"~(string.format("%d %!|%[2]d %[1]d|%[5]d|%*d|%z|%", 1, 2, 3))~",
       R"~("1 %!!(int=2)|2 1|%!d(BADINDEX)| 3|%!z(MISSING)|%!(NOVERB)")~"},
      {R"~(string.format("%.*f|%-*d|%6v|100%%", 2, 3.14159, 5, 42, true))~", R"~("3.14|42   |  true|100%")~"},
      {R"~(string.format("%v", targets))~", R"~("[map[a:x t:1]]")~"},
      {R"~(string.format("%s", no_secret))~", R"~("n")~"},
      {R"~(string.format("%s", secret))~", "1:21: secret secrets may not be converted into strings"},
      {R"~(string.format("%v", [secret]))~", "1:21: [secret] secrets may not be converted into strings"},
      {R"~(string.format("%v", string.join))~", "1:21: string.join functions have no text"},
      {R"~(string.format("%999999d|%999999d|%999999d", 1, 1, 1) == "")~", "false"},
  });
}

TEST_CASE("encoding.*") {
  check({
      {R"~(encoding.from_json("[1, -2, 2.5, true, null, \"a\"]"))~", "[1, -2, 2.5, true, null, \"a\"]"},
      {R"~(encoding.from_json("{\"b\": {\"c\": []}, \"a\": 1, \"a\": 2}"))~",
       "{\n\ta = 2,\n\tb = {\n\t\tc = [],\n\t},\n}"},
      {R"~(encoding.from_json("18446744073709551616"))~", "18446744073709552000"},
      {R"~(encoding.from_json("\"\\ud83d\\ude00 \\ud800 \\udc00\\u0041 \\\\ud800 \\ud800\\ud800\""))~",
       "\"\U0001F600 \uFFFD \uFFFDA \\\\ud800 \uFFFD\uFFFD\""},
      {R"~(encoding.from_json("\"\\ud8"))~", "1:1: encoding.from_json invalid JSON at byte 6"},
      {R"~(encoding.from_json("7") / 2)~", "3.5"},  // numbers are floats
      {R"~(encoding.from_json(""))~", "1:1: encoding.from_json invalid JSON at byte 1"},
      {R"~(encoding.from_json("{\"a\": 1"))~", "1:1: encoding.from_json invalid JSON at byte 8"},
      {R"~(encoding.from_json("[1,]"))~", "1:1: encoding.from_json invalid JSON at byte 4"},
      {R"~(encoding.from_json("1 2"))~", "1:1: encoding.from_json invalid JSON at byte 3"},
      {R"~(encoding.to_json({b = [1, 2.5, true, null], a = "x\n\"<", c = {}}))~",
       R"~("{\"a\":\"x\\n\\\"\\u003c\",\"b\":[1,2.5,true,null],\"c\":{}}")~"},
      {R"~(encoding.to_json({a = 1e21, b = 1e-7, c = 1e20}))~",
       R"~("{\"a\":1e+21,\"b\":1e-7,\"c\":100000000000000000000}")~"},
      {R"~(encoding.to_json(12))~", "1:1: encoding.to_json jsonEncode only supports map"},
      {R"~(encoding.to_json([]))~", "1:1: encoding.to_json jsonEncode only supports map"},
      {R"~(encoding.to_json({a = [secret]}))~", "1:24: secret secrets may not be converted into strings"},
      {R"~(encoding.to_json({a = string.join}))~", "1:23: string.join functions have no JSON"},
      {R"~(encoding.to_base64("hello\xff"))~", "\"aGVsbG//\""},
      {R"~(encoding.to_URLbase64("hello\xff"))~", "\"aGVsbG__\""},
      {R"~(encoding.to_base64("a"))~", "\"YQ==\""},
      {R"~(encoding.to_base64("ab"))~", "\"YWI=\""},
      {R"~(encoding.to_base64(""))~", "\"\""},
      {R"~(encoding.from_base64("aGVs\nbG//"))~", R"~("hello\xff")~"},
      {R"~(encoding.from_URLbase64("aGVsbG__"))~", R"~("hello\xff")~"},
      {R"~(encoding.from_base64("YQ=="))~", "\"a\""},
      {R"~(encoding.from_base64("YWI="))~", "\"ab\""},
      {R"~(encoding.from_base64("YQ"))~", "1:1: encoding.from_base64 illegal base64 data at input byte 2"},
      {R"~(encoding.from_base64("YQ=a"))~", "1:1: encoding.from_base64 illegal base64 data at input byte 3"},
      {R"~(encoding.from_base64("Y==="))~", "1:1: encoding.from_base64 illegal base64 data at input byte 1"},
      {R"~(encoding.from_base64("YQ==="))~", "1:1: encoding.from_base64 illegal base64 data at input byte 4"},
      {R"~(encoding.from_base64("aG_="))~", "1:1: encoding.from_base64 illegal base64 data at input byte 2"},
      {R"~(encoding.url_encode("a b&c/\u00e4~-_.+"))~", "\"a+b%26c%2F%C3%A4~-_.%2B\""},
      {R"~(encoding.url_decode("a+b%26c%2f%C3%A4"))~", "\"a b&c/\xC3\xA4\""},
      {R"~(encoding.url_decode("%zz"))~", "1:1: encoding.url_decode invalid URL escape \"%zz\""},
      {R"~(encoding.url_decode("a%2"))~", "1:1: encoding.url_decode invalid URL escape \"%2\""},
  });
  std::string deep;
  for (int i = 0; i < 100'000; ++i)
    deep += "[";
  CHECK(value_of("encoding.from_json(\"" + deep + "\")") ==
        "1:1: encoding.from_json JSON is nested deeper than 256 levels");
}

TEST_CASE("array.*") {
  check({
      {"array.concat()", "[]"},
      {"array.concat([1])", "[1]"},
      {"array.concat([1], [], [2, [3]])", "[1, 2, [3]]"},
      {"array.concat([1], 2)", "1:19: 2 should be array, got number"},
      {"array.combine_maps([{a = 1, b = 2}, {a = 2}], [{a = 1, b = 3, c = 4}], [\"a\"])",
       "[{\n\ta = 1,\n\tb = 3,\n\tc = 4,\n}]"},
      {"array.combine_maps([{a = 1}], [{a = 2}], [\"a\"])", "[]"},
      {"array.combine_maps([{a = 1}], [{b = 2}], [\"a\"])", "[]"},
      {"array.combine_maps([{a = 1}, {a = 2}], [{a = 1}, {a = 3}], [\"a\"], true)", "[{\n\ta = 1,\n}, {\n\ta = 2,\n}]"},
      {"array.combine_maps([{a = 1}], [], [\"a\"], true)", "[{\n\ta = 1,\n}]"},
      {"array.combine_maps(targets, [{a = \"x\", r = 2}], [\"a\"])", "[{\n\ta = \"x\",\n\tr = 2,\n\tt = 1,\n}]"},
      {"array.combine_maps([], [])", "1:1: array.combine_maps combine_maps: expected 3 or 4 arguments, got 2"},
      {"array.combine_maps([{a = 1}], \"a\", [\"a\"])", "1:31: \"a\" should be array, got string"},
      {"array.combine_maps([{a = 1}], [\"a\"], [\"a\"])", "1:32: \"a\" should be object, got string"},
      {"array.combine_maps([], [], [])", "1:28: [] combine_maps: merge conditions must not be empty"},
      {"array.combine_maps([], [], [1])", "1:29: 1 should be string, got number"},
      {"array.combine_maps([], [], [\"a\"], 1)", "1:35: 1 should be bool, got number"},
      {"array.group_by([{k = \"b\", n = 1}, {k = \"a\"}, {k = \"b\"}, {x = 1}], \"k\", true)",
       "[{\n\titems = [{\n\t\tk = \"b\",\n\t\tn = 1,\n\t}, {\n\t\tk = \"b\",\n\t}],\n\tk = \"b\",\n}, {\n\titems = "
       "[{\n\t\tk = \"a\",\n\t}],\n\tk = \"a\",\n}]"},
      {"array.group_by([{x = 1}], \"k\", false)", "[{\n\titems = [{\n\t\tx = 1,\n\t}],\n\tk = \"\",\n}]"},
      {"array.group_by([{k = 1}], \"k\", false)", "1:22: 1 should be string, got number"},
      {"array.group_by([], \"k\")", "1:1: array.group_by group_by: expected 3 arguments, got 2"},
      {"array.group_by([], 1, true)", "1:20: 1 should be string, got number"},
      {"array.group_by([], \"k\", 1)", "1:25: 1 should be bool, got number"},
  });
}

TEST_CASE("the rest of the library") {
  REQUIRE(setenv("TROUPE_CONFIG_TEST", "from outside", 1) == 0);
  char host[256] = {};
  REQUIRE(gethostname(host, sizeof host - 1) == 0);
  check({
      {"sys.env(\"TROUPE_CONFIG_TEST\")", "\"from outside\""},
      {"sys.env(\"TROUPE_CONFIG_NOT_SET\")", "\"\""},
      {"coalesce()", "null"},
      {"coalesce(null, \"\", 0, 0.0, false, [], {}, nothing, no_fields, \"x\", \"y\")", "\"x\""},
      {"coalesce(\"\", 0)", "0"},
      {"coalesce(secret, 1)", "(secret)"},
      {"coalesce([0], 1)", "[0]"},
      {"coalesce(sys.env(\"TROUPE_CONFIG_NOT_SET\"), \"default\")", "\"default\""},
      {"convert.nonsensitive(secret)", "\"s\""},
      {"convert.nonsensitive(\"x\")", "\"x\""},
      {"convert.nonsensitive(1)", "1:22: 1 should be capsule, got number"},
      {"file.path_join()", "\"\""},
      {"file.path_join(\"\", \"\")", "\"\""},
      {"file.path_join(\"a\", \"b\", \"../c\")", "\"a/c\""},
      {"file.path_join(\"/a/\", \"/b//./c/\")", "\"/a/b/c\""},
      {"file.path_join(\"..\", \"a\", \"../..\")", "\"../..\""},
      {"file.path_join(\"/..\", \"a\")", "\"/a\""},
      {"file.path_join(\"a\", \"..\")", "\".\""},
      {"constants.os", "\"linux\""},
      {"constants.hostname == \"" + std::string(host) + "\"", "true"},
      {"string.trim_prefix(constants.version, \"v\") != constants.version", "true"},
      {"constants.arch == \"\"", "false"},
      {"constants.none", "1:11: field \"none\" does not exist"},
  });
}

TEST_CASE("the old flat names still work and are known to be old") {
  check({
      {"env(\"TROUPE_CONFIG_NOT_SET\")", "\"\""},
      {"nonsensitive(secret)", "\"s\""},
      {"concat([1], [2])", "[1, 2]"},
      {"json_decode(\"[1]\")", "[1]"},
      {"base64_decode(\"YQ==\")", "\"a\""},
      {"format(\"%d\", 1)", "\"1\""},
      {"join([\"a\", \"b\"], \"\")", "\"ab\""},
      {"replace(\"a\", \"a\", \"b\")", "\"b\""},
      {"split(\"a b\", \" \")", "[\"a\", \"b\"]"},
      {"to_lower(\"A\")", "\"a\""},
      {"to_upper(\"a\")", "\"A\""},
      {"trim(\"xax\", \"x\")", "\"a\""},
      {"trim_prefix(\"xa\", \"x\")", "\"a\""},
      {"trim_suffix(\"ax\", \"x\")", "\"a\""},
      {"trim_space(\" a \")", "\"a\""},
  });
  for (const char* old : {"env", "nonsensitive", "concat", "json_decode", "base64_decode", "format", "join", "replace",
                          "split", "to_lower", "to_upper", "trim", "trim_prefix", "trim_suffix", "trim_space"}) {
    CHECK(stdlib_standing(old) == standing::deprecated);
  }
  for (const char* current :
       {"sys.env", "array.concat", "coalesce", "constants.os", "string", "encoding.from_json", "file.path_join"}) {
    CHECK(stdlib_standing(current) == standing::current);
  }
  CHECK(stdlib_standing("array.combine_maps") == standing::experimental);
  CHECK(stdlib_standing("array.group_by") == standing::experimental);
  CHECK_FALSE(stdlib_standing("prometheus.scrape.x"));
  CHECK_FALSE(stdlib_standing(""));
}

TEST_CASE("what the library makes is bounded") {
  scope names;
  names.set("text", std::string(1 << 20, 'a'));
  names.set("list", array(1000, value(std::string(1 << 20, 'a'))));
  array many;
  for (int i = 0; i < 20'000; ++i)
    many.push_back(object({{"a", 1}}));
  names.set("many", std::move(many));
  const std::string too_long = " makes a text of more than 67108864 bytes";
  CHECK(value_of("string.replace(text, \"a\", text)", names) == "1:1: string.replace" + too_long);
  CHECK(value_of("string.replace(text, \"\", text)", names) == "1:1: string.replace" + too_long);
  CHECK(value_of("string.join(list, \"\")", names) == "1:1: string.join" + too_long);
  CHECK(value_of("string.format(\"%v\", list)", names) == "1:1: string.format" + too_long);
  CHECK(value_of("encoding.to_json({a = list})", names).find("makes a text of more than 67108864 bytes") !=
        std::string::npos);
  CHECK(value_of("string.split(text, \"\")", names) ==
        "1:1: string.split makes an array of more than 1000000 elements");
  CHECK(value_of("array.combine_maps(many, many, [\"a\"])", names) ==
        "1:1: array.combine_maps combine_maps: the lists are too long");
}
