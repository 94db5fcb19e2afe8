#include "config/schema.hpp"

#include "config/parser.hpp"
#include "tests/catch.hpp"

using namespace troupe::config;

namespace {

struct stage_json {
  std::string source;
  std::map<std::string, std::string> expressions;
  friend bool operator==(const stage_json&, const stage_json&) = default;
};
struct stage_drop {
  std::chrono::nanoseconds older_than{};
  byte_size longer_than{};
  friend bool operator==(const stage_drop&, const stage_drop&) = default;
};
struct credentials {
  std::string user;
  secret_text password;
  friend bool operator==(const credentials&, const credentials&) = default;
};
struct limits {
  std::int64_t most = 10;
  std::vector<stage_drop> drops;
  friend bool operator==(const limits&, const limits&) = default;
};
struct shared {
  bool verify = true;
  std::optional<credentials> login;
  friend bool operator==(const shared&, const shared&) = default;
};
struct everything {
  std::vector<std::map<std::string, std::string>> targets;
  std::string name = "n";
  std::uint64_t count = 3;
  double ratio = 0.5;
  std::string mode = "a";
  std::vector<std::string> modes;
  std::map<std::string, std::vector<secret_text>> secrets;
  bool future = false;
  limits bounds;
  shared client;
  std::vector<std::variant<stage_json, stage_drop>> stages;
  friend bool operator==(const everything&, const everything&) = default;
};

const component_schema& schema() {
  static const auto schema = [] {
    body_of<stage_json> json;
    json.attribute("source", &stage_json::source, "").required("expressions", &stage_json::expressions, "");
    body_of<stage_drop> drop;
    drop.attribute("older_than", &stage_drop::older_than, "").attribute("longer_than", &stage_drop::longer_than, "");
    body_of<credentials> login;
    login.required("user", &credentials::user, "").attribute("password", &credentials::password, "");
    body_of<limits> bounds;
    bounds.attribute("most", &limits::most, "")
        .blocks("drop", &limits::drops, drop, "")
        .check([](const limits& l) -> complaints {
          if (l.most > 0) return {};
          return {{"most", "most must be greater than 0"}};
        });
    body_of<shared> client;
    client.attribute("verify", &shared::verify, "").block("login", &shared::login, login, "");
    auto s = describe<everything>("test.everything", stability::generally_available, "All kinds.");
    s.exports("out", "string", "");
    s.required("targets", &everything::targets, "")
        .attribute("name", &everything::name, "")
        .attribute("count", &everything::count, "")
        .attribute("ratio", &everything::ratio, "")
        .choice("mode", &everything::mode, {"a", "b"}, "")
        .choice("modes", &everything::modes, {"a", "b"}, "", {"later"})
        .attribute("secrets", &everything::secrets, "")
        .not_yet("future", &everything::future, "")
        .not_yet_block("later", "")
        .block("limits", &everything::bounds, bounds, "")
        .include(&everything::client, client)
        .variants("stage", &everything::stages, "", "json", json, "drop", drop);
    return s;
  }();
  return schema;
}

struct decoded {
  std::shared_ptr<const everything> value;
  diagnostics messages;
  [[nodiscard]] std::string text() const {
    std::string all;
    for (const auto& one : messages)
      all += one.text() + "\n";
    return all;
  }
};

decoded decode(const std::string& body, bool only_check = false) {
  decoded made;
  const auto source = source_file::make("t", "test.everything \"x\" {\n" + body + "\n}\n");
  const auto file = parse(source, made.messages);
  const auto& block = *file.statements[0].as_block();
  scope names;
  names.set("known", "7");
  names.set("hidden", make_secret("s3cret"));
  if (only_check) {
    schema().typecheck(block, scope(), made.messages);
  } else {
    made.value = std::static_pointer_cast<const everything>(schema().decode(block, names, made.messages));
  }
  return made;
}

}  // namespace

TEST_CASE("a whole block with all kinds of fields") {
  const auto made = decode(R"(
    targets = [{"a" = "b", "n" = 5}]
    name    = 12
    count   = known
    ratio   = "0.25"
    mode    = "b"
    verify  = false
    limits {
      most = 4
      drop { older_than = "1h30m" }
      drop { longer_than = "2KiB" }
    }
    login {
      user     = "u"
      password = hidden
    }
    stage.json { expressions = {"x" = "y"} }
    stage.drop { older_than = "5s" }
    stage.json { expressions = {} }
  )");
  INFO(made.text());
  REQUIRE(made.value);
  const auto& v = *made.value;
  CHECK(v.targets == std::vector<std::map<std::string, std::string>>{{{"a", "b"}, {"n", "5"}}});
  CHECK(v.name == "12");
  CHECK(v.count == 7);
  CHECK(v.ratio == 0.25);
  CHECK(v.mode == "b");
  CHECK_FALSE(v.client.verify);
  CHECK(v.client.login->password.text == "s3cret");
  CHECK(v.bounds.most == 4);
  REQUIRE(v.bounds.drops.size() == 2);
  CHECK(v.bounds.drops[0].older_than == std::chrono::minutes(90));
  CHECK(v.bounds.drops[1].longer_than.bytes == 2048);
  REQUIRE(v.stages.size() == 3);
  CHECK(std::holds_alternative<stage_json>(v.stages[0]));
  CHECK(std::holds_alternative<stage_drop>(v.stages[1]));
  CHECK(std::holds_alternative<stage_json>(v.stages[2]));
}

TEST_CASE("defaults, and null as the zero value") {
  CHECK(*decode("targets = []").value == everything{});
  const auto made = decode("targets = null\nname = null\ncount = null");
  REQUIRE(made.value);
  CHECK(made.value->name.empty());
  CHECK(made.value->count == 0);
}

TEST_CASE("each mistake has its message, at its place, and all are told at once") {
  const auto made = decode(R"(  name   = [1]
  count  = -1
  mode   = "c"
  wrong  = 1
  nothing { }
  limits = 5
  verify { }
  count  = 2
  login { }
  login { user = "a" }
  future = true
  later { }
  stage.json "label" { expressions = {} }
  limits {
    most = 0
  })");
  CHECK_FALSE(made.value);
  const auto text = made.text();
  for (const char* part :
       {"t:2:12: [1] should be string, got array", "t:3:12: -1 should be a whole number",
        "t:4:12: \"mode\" should be one of \"a\", \"b\", got \"c\"", "unrecognized attribute name \"wrong\"",
        "unrecognized block name \"nothing\"", "\"limits\" must be a block, but is used as an attribute",
        "\"verify\" must be an attribute, but is used as a block", "attribute \"count\" may only be provided once",
        "missing required attribute \"user\"", "block \"login\" may only be specified once",
        "\"future\" is not supported yet", "block \"later\" is not supported yet", "does not support specifying labels",
        "most must be greater than 0", "missing required attribute \"targets\""}) {
    INFO(part << "\nin\n" << text);
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("a misfit is placed at the innermost expression") {
  const auto text = decode("targets = [{\"a\" = \"b\"}, {\"a\" = [1]}]").text();
  CHECK(text.find("t:2:32: [1] should be string, got array") != std::string::npos);
}

TEST_CASE("secrets do not leave by the back door") {
  CHECK(decode("targets = []\nname = hidden").text().find("secrets may not be converted into strings") !=
        std::string::npos);
  const auto made = decode("targets = []\nlogin {\n  user = \"u\"\n  password = \"pa55\"\n}");
  REQUIRE(made.value);
  const auto json = schema().to_json(made.value);
  CHECK(json.find("pa55") == std::string::npos);
  CHECK(json.find("(secret)") != std::string::npos);
}

TEST_CASE("arguments as the API shows them") {
  const auto made = decode("targets = [{\"a\" = \"b\"}]\nname = \"x\"\ncount = 3\nstage.drop { older_than = \"5s\" }");
  CHECK(
      schema().to_json(made.value) ==
      R"([{"name":"targets","type":"attr","value":{"type":"array","value":[{"type":"object","value":[{"key":"a","value":{"type":"string","value":"b"}}]}]}},)"
      R"({"name":"name","type":"attr","value":{"type":"string","value":"x"}},)"
      R"({"body":[{"name":"older_than","type":"attr","value":{"type":"string","value":"5s"}}],"name":"stage.drop","type":"block"}])");
}

TEST_CASE("checking without knowing what others export") {
  CHECK(decode("targets = other.thing.targets\ncount = 1", true).messages.empty());
  CHECK(decode("targets = other.thing.targets\nname = [1]", true).messages.size() == 1);
  CHECK(decode("count = other.thing.count", true).text().find("missing required attribute \"targets\"") !=
        std::string::npos);
}

TEST_CASE("documentation names everything") {
  const auto text = schema().documentation();
  for (const char* part : {"targets (list(map(string)), required)", "name (string, default \"n\")",
                           "One of \"a\" \"b\".", "Not supported yet.", "Not supported yet: \"later\".",
                           "stage.json { } (any number)", "older_than (duration, default \"0s\")", "out (string)"}) {
    INFO(part << "\nin\n" << text);
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("sizes are printed in the largest unit that fits") {
  CHECK(print_size(0) == "0B");
  CHECK(print_size(1024) == "1KiB");
  CHECK(print_size(1536) == "1536B");
  CHECK(print_size(std::int64_t{1} << 30) == "1GiB");
}

TEST_CASE("a message shows no part of a value that stands where a secret is wanted") {
  const auto says = [](const std::string& written, const std::string& expected) {
    const auto made = decode("targets = []\nlogin {\n  user = \"u\"\n  password = " + written + "\n}");
    REQUIRE(made.messages.size() == 1);
    CHECK(made.messages[0].message == expected);
    CHECK(made.messages[0].value.empty());
  };
  says("[\"S3CRET\"]", "(secret) should be capsule, got array");
  says("encoding.from_json(\"{\\\"a\\\": \\\"S3CRET\\\"}\")", "(secret) should be capsule, got object");
  says("5 + \"S3CRET\"", "(secret) should be number, got string");
  says("99999999999999999999999999e9999", "number (secret) is out of range");
  says("known[0]", "known expected object or array, got string");
  const auto nested = decode("targets = []\nsecrets = { \"X-A\" = [[\"S3CRET\"]], \"X-B\" = sys.env }");
  CHECK(nested.text() ==
        "t:3:22: (secret) should be capsule, got array\nt:3:43: sys.env should be array, got function\n");
}

TEST_CASE("within one value the first four culprits are told, each at its place") {
  const auto text = decode("targets = [1, {a = [2], b = \"c\", d = [3]}, {a = true}, {a = [4]}]").text();
  CHECK(text ==
        "t:2:12: 1 should be object, got number\n"
        "t:2:20: [2] should be string, got array\n"
        "t:2:38: [3] should be string, got array\n"
        "t:2:49: true should be string, got bool\n");
}

TEST_CASE("of a list of choices the wrong element is named, and what is not supported yet is said so") {
  CHECK(decode("targets = []\nmodes = [\"a\", \"c\", \"later\"]").text() ==
        "t:3:15: \"modes\"[1] should be one of \"a\", \"b\", got \"c\"\n"
        "t:3:20: \"later\" is not supported yet: \"modes\"[2] should be one of \"a\", \"b\"\n");
  CHECK(decode("targets = []\nmode = \"c\"").text() == "t:3:8: \"mode\" should be one of \"a\", \"b\", got \"c\"\n");
}
