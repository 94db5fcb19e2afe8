#include "protocol/http/oauth2.hpp"

#include "protocol/http/url.hpp"
#include "tests/catch.hpp"

using namespace troupe;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const http::oauth2_token::time start{hours(100)};

http::oauth2 options() {
  http::oauth2 made;
  made.client_id = "my id";
  made.client_secret = "s:crét&";
  made.token_url = "https://user:pass@id.example/token?key=hidden";
  return made;
}

http::response answered(int status, std::string_view body, std::string_view type = "application/json") {
  http::response made;
  made.status = status;
  made.header_lines = "Content-Type: " + std::string(type) + "\r\n";
  made.body.append(body.data(), body.size());
  return made;
}

bool contains(std::string_view all, std::string_view piece) {
  return all.find(piece) != std::string_view::npos;
}

std::string header_of(const http::request& what, std::string_view name) {
  for (const auto& [each, value] : what.headers) {
    if (each == name) return value;
  }
  return {};
}

/// What is sent after an answer; an error as it is told.
std::string line_after(const http::response& answer) {
  http::oauth2_token token(options());
  static_cast<void>(token.ask("s:crét&"));
  auto got = token.answer(answer, start);
  if (got && !*got) {
    static_cast<void>(token.ask("s:crét&"));
    got = token.answer(answer, start);
  }
  if (!got) return got.error().message;
  return *got ? **got : "asked a third time";
}

}  // namespace

TEST_CASE("a token is asked for as RFC 6749 says, with the secret in a header or in the form") {
  auto o = options();
  o.scopes = {"read", "write all"};
  o.endpoint_params = {{"audience", "https://a.example/?b"}, {"resource", "1"}, {"resource", "2"}};
  o.timeout = seconds(3);
  http::oauth2_token token(o);
  CHECK_FALSE(token.asked());
  CHECK(token.current(start) == nullptr);
  const auto first = token.ask("s:crét&");
  CHECK(token.asked());
  CHECK(first.method == "POST");
  CHECK(first.url == o.token_url);
  CHECK(first.timeout == seconds(3));
  CHECK(header_of(first, "Content-Type") == "application/x-www-form-urlencoded");
  // base64 of my+id:s%3Acr%C3%A9t%26
  CHECK(header_of(first, "Authorization") == "Basic bXkraWQ6cyUzQWNyJUMzJUE5dCUyNg==");
  CHECK(*first.body ==
        "audience=https%3A%2F%2Fa.example%2F%3Fb&grant_type=client_credentials&resource=1&resource=2&"
        "scope=read+write+all");

  const auto refused = token.answer(answered(401, "no"), start);
  REQUIRE(refused);
  CHECK(*refused == nullptr);
  CHECK_FALSE(token.asked());
  const auto second = token.ask("s:crét&");
  CHECK(header_of(second, "Authorization").empty());
  CHECK(contains(*second.body, "client_id=my+id&client_secret=s%3Acr%C3%A9t%26&grant_type=client_credentials&"));
}

TEST_CASE("the grant may be named otherwise") {
  auto o = options();
  o.endpoint_params = {{"grant_type", "own"}};
  CHECK(*http::oauth2_token(o).ask("x").body == "grant_type=own");
}

TEST_CASE("the way of telling who asks that worked once stays, the one that did not is tried anew") {
  const auto good = [] { return answered(200, R"({"access_token":"t"})"); };
  const auto in_header = [](const http::request& what) { return !header_of(what, "Authorization").empty(); };
  http::oauth2_token token(options());
  CHECK(in_header(token.ask("x")));
  CHECK(*token.answer(answered(400, ""), start) == nullptr);
  CHECK_FALSE(in_header(token.ask("x")));
  CHECK_FALSE(token.answer(answered(400, ""), start));
  // Neither worked.
  CHECK(in_header(token.ask("x")));
  CHECK(*token.answer(answered(400, ""), start) == nullptr);
  CHECK_FALSE(in_header(token.ask("x")));
  CHECK(*token.answer(good(), start) != nullptr);
  // The form did, and is asked no other way even if it fails now.
  CHECK_FALSE(in_header(token.ask("x")));
  CHECK_FALSE(token.answer(answered(500, ""), start));
  CHECK_FALSE(in_header(token.ask("x")));

  http::oauth2_token other(options());
  static_cast<void>(other.ask("x"));
  CHECK(*other.answer(good(), start) != nullptr);
  CHECK(in_header(other.ask("x")));
  CHECK_FALSE(other.answer(answered(401, ""), start));
  CHECK(in_header(other.ask("x")));
}

TEST_CASE("a server that can't be reached is not asked another way") {
  http::oauth2_token token(options());
  static_cast<void>(token.ask("x"));
  http::response down;
  down.failure = http::failure_kind::refused;
  down.error = "POST https://id.example/token?key=hidden: connection refused";
  const auto got = token.answer(down, start);
  REQUIRE_FALSE(got);
  CHECK(got.error().message == "token from https://id.example/token: connection refused");
  CHECK_FALSE(token.asked());
}

TEST_CASE("answers of servers of tokens") {
  struct row {
    http::response answer;
    std::string sent;
  };
  const std::string form = "application/x-www-form-urlencoded", from = "token from https://id.example/token: ";
  std::vector<row> rows;
  const auto add = [&](http::response answer, std::string sent) {
    rows.push_back({std::move(answer), std::move(sent)});
  };
  add(answered(200, R"({"access_token":"a.b","token_type":"bearer","x":[1]})"), "Authorization: Bearer a.b");
  add(answered(201, R"({"access_token":"a","token_type":"BEARER","expires_in":"60"})"), "Authorization: Bearer a");
  add(answered(200, R"({"access_token":"a","token_type":"DPoP"})"), "Authorization: DPoP a");
  add(answered(200, R"({"access_token":"a","expires_in":null})", ""), "Authorization: Bearer a");
  add(answered(200, R"({"access_token":"a","expires_in":3.6e3})"), "Authorization: Bearer a");
  add(answered(200, "access_token=a%2Fb&token_type=Bearer&expires_in=60\n", form), "Authorization: Bearer a/b");
  add(answered(200, "token_type=mac&access_token=a", "text/plain; charset=utf-8"), "Authorization: MAC a");
  add(answered(200, R"({"access_token":""})"), from + "the answer holds no access_token");
  add(answered(200, R"({"token":"x"})"), from + "the answer holds no access_token");
  add(answered(200, "<html>token</html>", "text/html"), from + "the answer is neither JSON nor a form");
  add(answered(200, R"(["access_token"])"), from + "the answer is neither JSON nor a form");
  add(answered(200, ""), from + "the answer is neither JSON nor a form");
  add(answered(200, R"({"access_token":"a\nb"})"), from + "the token can't be sent: it holds control characters");
  for (const auto* never : {R"("soon")", R"({})", R"(true)", R"("6x")"}) {
    add(answered(200, R"({"access_token":"a","expires_in":)" + std::string(never) + "}"),
        from + "expires_in of the answer is not a number of seconds");
  }
  add(answered(200, R"({"error":"invalid_client"})"), from + "200: invalid_client");
  add(answered(400, R"({"error":"invalid_scope","error_description":"no such scope"})"),
      from + "400: invalid_scope: no such scope");
  add(answered(400, "error=invalid_scope&error_description=a+b", form), from + "400: invalid_scope: a b");
  add(answered(502, "<html>\r\n\tbad gateway", "text/html"), from + "502: <html>   bad gateway");
  add(answered(503, ""), from + "503");
  add(answered(500, std::string(199, 'x') + "é" + std::string(99, 'x')), from + "500: " + std::string(199, 'x'));
  auto moved = answered(307, "moved");
  moved.header_lines += "Location: https://u:p@other.example/token?secret=1\r\n";
  add(std::move(moved), from + "307: it redirects to https://other.example/token, which is not followed");
  for (const auto& [answer, sent] : rows) {
    INFO(answer.status << " " << answer.body.view());
    CHECK(line_after(answer) == sent);
  }
}

TEST_CASE("an error does not repeat the secret that the server repeats") {
  for (const auto* page : {"you sent s:crét&!", "you sent client_secret=s%3Acr%C3%A9t%26!",
                           "you sent Basic bXkraWQ6cyUzQWNyJUMzJUE5dCUyNg==!"}) {
    const auto told = line_after(answered(400, page));
    CHECK(contains(told, "<secret>!"));
    for (const auto* piece : {"cré", "cr%C3", "bXkr"})
      CHECK_FALSE(contains(told, piece));
  }
}

TEST_CASE("a token is used until shortly before its end, a short-lived one until its end") {
  struct row {
    const char* expires_in;
    std::optional<milliseconds> used;
  };
  const seconds longest((std::int64_t{1} << 31) - 1 - 10);
  for (const auto& [expires_in, used] :
       {row{"3600", seconds(3590)}, row{"11", seconds(1)}, row{"10", seconds(10)}, row{"2", seconds(2)},
        row{"\"60\"", seconds(50)}, row{"0", std::nullopt}, row{"\"\"", std::nullopt}, row{"1000000000000", longest},
        row{"99999999999999999999", longest}}) {
    INFO(expires_in);
    http::oauth2_token token(options());
    static_cast<void>(token.ask("x"));
    const auto came =
        token.answer(answered(200, R"({"access_token":"t","expires_in":)" + std::string(expires_in) + "}"), start);
    REQUIRE(came);
    CHECK(token.current(start) == *came);
    if (!used) {
      CHECK(token.current(start + hours(1'000'000)) == *came);
    } else {
      CHECK(token.current(start + *used - milliseconds(1)) == *came);
      CHECK(token.current(start + *used) == nullptr);
    }
  }
}

TEST_CASE("a token that is at its end when it comes goes to those that waited, and to nobody after") {
  http::oauth2_token token(options());
  static_cast<void>(token.ask("x"));
  const auto came = token.answer(answered(200, R"({"access_token":"t","expires_in":-5})"), start);
  REQUIRE(came);
  CHECK(**came == "Authorization: Bearer t");
  CHECK(token.current(start) == nullptr);
}

TEST_CASE("a refused token is not used again; the one that came after it stays") {
  http::oauth2_token token(options());
  const auto come = [&] {
    static_cast<void>(token.ask("x"));
    return *token.answer(answered(200, R"({"access_token":"t"})"), start);
  };
  const auto first = come();
  token.refused(first);
  CHECK(token.current(start) == nullptr);
  const auto second = come();
  token.refused(first);
  CHECK(token.current(start) == second);
  // A failure takes nothing away.
  static_cast<void>(token.ask("x"));
  CHECK_FALSE(token.answer(answered(500, ""), start));
  CHECK(token.current(start) == second);
}
