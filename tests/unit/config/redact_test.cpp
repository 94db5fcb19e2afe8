#include "config/redact.hpp"

#include "config/parser.hpp"
#include "tests/catch.hpp"

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
