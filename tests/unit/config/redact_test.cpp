#include "config/redact.hpp"

#include "config/parser.hpp"
#include "tests/catch.hpp"

#include <random>

using namespace troupe::config;

namespace {

struct login {
  std::string user;
  secret_text password;
};
struct everything {
  std::string url;
  secret_text token;
  std::map<std::string, std::vector<secret_text>> headers;
  login inner;
};

const body_schema& schema() {
  static const auto made = [] {
    body_of<login> inner;
    inner.attribute("user", &login::user, "").attribute("password", &login::password, "");
    body_of<everything> all;
    all.attribute("url", &everything::url, "")
        .attribute("token", &everything::token, "")
        .attribute("headers", &everything::headers, "")
        .block("login", &everything::inner, inner, "");
    return all;
  }();
  return made;
}

std::string shown(const std::string& text) {
  diagnostics out;
  const auto parsed = parse(source_file::make("t", text), out);
  REQUIRE(out.empty());
  return redacted(parsed, [](std::string_view name) { return name == "known" ? &schema() : nullptr; });
}

std::string seen(const std::string& text) {
  secrecy hidden;
  hidden.add("known", schema());
  return masked(source_file::make("t", text), hidden);
}

}  // namespace

TEST_CASE("texts that stand where a secret is wanted are not shown, all else is as written") {
  CHECK(shown("known \"a\" {\n  url   = \"http://x\" // \"kept\"\n  token = \"hunter2\"\n}\n") ==
        "known \"a\" {\n  url   = \"http://x\" // \"kept\"\n  token = \"(secret)\"\n}\n");
  CHECK(shown("known \"a\" {\n login {\n  user = \"me\"\n  password = \"hun\" + \"ter2\"\n }\n}") ==
        "known \"a\" {\n login {\n  user = \"me\"\n  password = \"(secret)\" + \"(secret)\"\n }\n}");
  CHECK(shown("known \"a\" {\n headers = { \"X-Key\" = [\"k1\", (\"k2\")] }\n}") ==
        "known \"a\" {\n headers = { \"X-Key\" = [\"(secret)\", (\"(secret)\")] }\n}");
  CHECK(shown("known \"a\" {\n token = sys.env(\"TOKEN\")\n}") == "known \"a\" {\n token = sys.env(\"TOKEN\")\n}");
  CHECK(shown("known \"a\" {\n token = encoding.from_base64(\"aHVudGVyMg==\")\n}") ==
        "known \"a\" {\n token = encoding.from_base64(\"(secret)\")\n}");
}

TEST_CASE("lines stay where they are behind a secret of several lines") {
  CHECK(shown("known \"a\" {\n token = `one\ntwo\nthree`\n url = \"u\"\n}") ==
        "known \"a\" {\n token = \"(secret)\"\n\n\n url = \"u\"\n}");
}

TEST_CASE("a block that nobody knows is shown as it is") {
  CHECK(shown("other \"a\" {\n token = \"t\"\n}") == "other \"a\" {\n token = \"t\"\n}");
}

TEST_CASE("passwords of URLs are not shown, wherever they stand") {
  CHECK(without_passwords("http://me:hunter2@host:80/x?y=a:b@c") == "http://me:(secret)@host:80/x?y=a:b@c");
  CHECK(without_passwords("a https://u:p@h, ftp://v:q@i\nmore") == "a https://u:(secret)@h, ftp://v:(secret)@i\nmore");
  CHECK(without_passwords("http://u:p@ss@h/") == "http://u:(secret)@h/");
  for (const char* as_it_is :
       {"", "://", "http://host:80/a@b:c", "http://user@host", "no url: a:b@c", "http://[::1]:80/"})
    CHECK(without_passwords(as_it_is) == as_it_is);
  CHECK(shown("known \"a\" {\n url = \"http://u:p@h/\"\n}") == "known \"a\" {\n url = \"http://u:(secret)@h/\"\n}");
}

TEST_CASE("what an excerpt may show of a file that parses: secrets are written over, places stay") {
  const auto in = [](const std::string& body) { return seen("known \"a\" {\n" + body + "\n}"); };
  const auto was = [](const std::string& body) { return "known \"a\" {\n" + body + "\n}"; };
  CHECK(in("url = \"http://x\" // \"kept\"") == was("url = \"http://x\" // \"kept\""));
  CHECK(in("token = \"hunter\\\"2\"") == was("token = \"*********\""));
  CHECK(in("token = [\"a\", {x = `b\nc`}, 12345]") == was("token = [\"*\", {x = `*\n*`}, *****]"));
  CHECK(in("tokn = \"hunter2\"\nwrong = 5") == was("tokn = \"*******\"\nwrong = 5"));
  CHECK(in("login {\n password = \"p\"\n user = \"u\"\n }") == was("login {\n password = \"*\"\n user = \"u\"\n }"));
  CHECK(in("login = { password = \"p\" }") == was("login = { password = \"*\" }"));
  CHECK(in("logn {\n deep {\n user = \"u\"\n }\n }") == was("logn {\n deep {\n user = \"*\"\n }\n }"));
  CHECK(in("url = \"http://u:pass@h/\"") == was("url = \"http://u:****@h/\""));
  CHECK(seen("knwon \"a\" {\n url = \"u\"\n}\ntoken = \"t\"") == "knwon \"a\" {\n url = \"*\"\n}\ntoken = \"*\"");
}

TEST_CASE("what an excerpt may show of a file that doesn't parse") {
  const std::string wrong = "= =\n";
  const auto is = [&](const std::string& body, const std::string& expected) {
    INFO(body);
    CHECK(seen(wrong + body) == wrong + expected);
  };
  is("known \"a\" {\n url = \"u\"\n token = \"t\"\n", "known \"a\" {\n url = \"u\"\n token = \"*\"\n");
  is("tokn = \"t\"\nurl = \"http://u:p@h\" \"x\"", "tokn = \"*\"\nurl = \"http://u:*@h\" \"x\"");
  is("a b \"c\" \"d\"", "a b \"*\" \"*\"");
  // a text that is governed by two names
  is("headers = { url = \"h\" }\nurl = { \"headers\" = \"h\", user = \"u\" }",
     "headers = { url = \"*\" }\nurl = { \"headers\" = \"*\", user = \"u\" }");
  is("url = [\n tokn = \"t\"", "url = [\n tokn = \"*\"");
  // a secret that isn't quoted as it should be
  is("token = hunter2-5!", "token = *******-*!");
  is("token = 'it is'", "token = '*****'");
  is("token = \"t\nurl = \"u\"", "token = \"*\nurl = \"u\"");
  is("token = \"hun\"ter 2\" x\nurl = \"u\"", "token = \"***\"********\nurl = \"u\"");
  is("token = \"hun\" ter \"2\nurl = \"u\"", "token = \"***\"*******\nurl = \"u\"");
  is("url = `u\ntoken = `t`\n", "url = `*\n********`**\n");
  is("/* token\n", "********\n");
}

TEST_CASE("without schemas every text may be a secret") {
  CHECK(masked(source_file::make("t", "a \"b\" {\n c = \"d\"\n}"), secrecy()) == "a \"b\" {\n c = \"*\"\n}");
  CHECK(pretty(diagnostic(severity::error, {source_file::make("t", "c = \"dd\"").get(), 4, 8}, "m")) ==
        "Error: t:1:5: m\n\n1 | c = \"**\"\n  |     ^^^^\n");
}

TEST_CASE("passwords of URLs are not in messages") {
  CHECK(diagnostic(severity::error, {}, "[\"http://u:p@h\"] is none", "http://u:p@h").text() ==
        "[\"http://u:(secret)@h\"] is none");
}

TEST_CASE("whatever the text: each byte of an excerpt is the source's own or a star, and lines stay") {
  const std::string base =
      "known \"a\" {\n token = \"t\" + `r\nr`\n login { password = 'x' }\n headers = { \"k\" = [\"v\", /* c */ 1] } // "
      "e\n}\n";
  const std::string pieces = "\"`'\\{}[]()=,\n/* .x1";
  std::mt19937 random(7);
  for (int round = 0; round < 5000; ++round) {
    std::string text = base;
    for (int edit = 0; edit < 4; ++edit) {
      const auto at = random() % text.size();
      if (random() % 2 == 0) text.erase(at, 1 + random() % 5);
      if (text.empty()) text = "x";
      text.insert(random() % text.size(), 1, pieces[random() % pieces.size()]);
    }
    const auto made = seen(text);
    REQUIRE(made.size() == text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (made[i] != text[i]) REQUIRE((made[i] == '*' && text[i] != '\n'));
    }
  }
}
