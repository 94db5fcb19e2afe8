#include <algorithm>

#include "protocol/http/server.hpp"
#include "tests/imposter.hpp"
#include "tests/temporary_directory.hpp"
#include "tests/unit/http/certificates.hpp"
#include "tests/unit/http/fetch.hpp"

using namespace troupe;
using namespace troupe::testing;
using http::failure_kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

bool contains(std::string_view all, std::string_view piece) {
  return all.find(piece) != std::string_view::npos;
}

http::client_options with_tokens_from(const std::string& url) {
  http::client_options made;
  made.oauth2.emplace();
  made.oauth2->client_id = "id";
  made.oauth2->client_secret = "sekrit";
  made.oauth2->token_url = url;
  // Longer than any of these tests waits for anything.
  made.oauth2->timeout = seconds(120);
  return made;
}

std::string token_answer(const std::string& token, const std::string& more = {}) {
  return http_answer("200 OK", R"({"access_token":")" + token + R"(","token_type":"bearer")" + more + "}",
                     "Content-Type: application/json\r\n");
}

/// Gives t1, t2, t3, …; `more` into each answer.
script counting_tokens(std::string more = {}) {
  return script().serve([n = std::make_shared<std::atomic<int>>(0), more = std::move(more)](const auto&) {
    return token_answer("t" + std::to_string(++*n), more);
  });
}

/// Answers with the token that came, "" where none did.
std::string token_of(const std::string& request) {
  const std::string name = "Authorization: Bearer ";
  const auto at = request.find(name);
  if (at == std::string::npos) return {};
  return request.substr(at + name.size(), request.find('\r', at) - at - name.size());
}

script echoing_tokens() {
  return script().serve([](const auto& request) { return http_answer("200 OK", token_of(request)); });
}

/// 401 to every token that is in the list at that moment.
class picky {
 public:
  picky()
      : server(script().serve([this](const auto& request) {
          const std::lock_guard lock(mutex_);
          const bool refused = std::find(refused_.begin(), refused_.end(), token_of(request)) != refused_.end();
          return refused ? http_answer("401 Unauthorized", "who?") : http_answer("200 OK", token_of(request));
        })) {}
  void refuse(std::vector<std::string> tokens) {
    const std::lock_guard lock(mutex_);
    refused_ = std::move(tokens);
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> refused_;

 public:
  imposter server;
};

bool until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

/// A gate that the threads of imposters wait at, not for ever.
struct gate {
  std::promise<void> opened;
  std::shared_future<void> open{opened.get_future()};
  void pass() const { open.wait_for(seconds(20)); }
};

}  // namespace

TEST_CASE("one token is fetched for all requests that need one, and kept") {
  gate late;
  imposter tokens(script().serve([&](const auto&) {
    late.pass();
    return token_answer("t1");
  }));
  imposter target(echoing_tokens());
  http::client client({.max_in_flight = 3});
  auto options = with_tokens_from(tokens.url("/token"));
  options.user_agent = "Troupe/1";
  const auto via = open(client, options);
  std::vector<std::future<http::response>> all;
  for (int i = 0; i < 50; ++i)
    all.push_back(send(client, via, get(target.url())));
  REQUIRE(until([&] { return client.counts().waiting == 50; }));
  REQUIRE(tokens.wait_for_requests(1));
  // Others don't wait with them.
  CHECK(fetch(client, open(client), get(target.url())).ok());
  CHECK(target.requests().size() == 1);
  late.opened.set_value();
  for (auto& each : all)
    CHECK(wait(each).body.view() == "t1");
  CHECK(fetch(client, via, get(target.url())).body.view() == "t1");
  REQUIRE(tokens.requests().size() == 1);
  CHECK(contains(tokens.requests().front(), "POST /token HTTP/1.1\r\n"));
  CHECK(contains(tokens.requests().front(), "Authorization: Basic aWQ6c2Vrcml0\r\n"));
  CHECK(contains(tokens.requests().front(), "User-Agent: Troupe/1\r\n"));
  CHECK(tokens.requests().front().ends_with("\r\n\r\ngrant_type=client_credentials"));
  CHECK(client.counts().submitted == 52);
  CHECK(client.counts().completed == 52);
  CHECK(client.counts().waiting == 0);
}

TEST_CASE("a session has a token of its own, and a request that brings its own authorization needs none") {
  imposter tokens(counting_tokens());
  imposter target(echoing_tokens());
  http::client client;
  const auto options = with_tokens_from(tokens.url());
  CHECK(fetch(client, open(client, options), get(target.url())).body.view() == "t1");
  CHECK(fetch(client, open(client, options), get(target.url())).body.view() == "t2");
  auto own = get(target.url());
  own.headers = {{"authorization", "Own 1"}};
  CHECK(fetch(client, open(client, options), own).ok());
  CHECK(contains(target.requests().back(), "authorization: Own 1\r\n"));
  CHECK(tokens.requests().size() == 2);
}

TEST_CASE("a token is renewed before its end") {
  imposter tokens(counting_tokens(R"(,"expires_in":3601)"));
  imposter target(echoing_tokens());
  http::client client;
  auto options = with_tokens_from(tokens.url());
  options.oauth2->expiry_buffer = seconds(3600);
  const auto via = open(client, options);
  CHECK(fetch(client, via, get(target.url())).body.view() == "t1");
  CHECK(until([&] { return fetch(client, via, get(target.url())).body.view() == "t2"; }));
  CHECK(tokens.requests().size() == 2);
}

TEST_CASE("a token without any time is fetched for each request, once") {
  imposter tokens(counting_tokens(R"(,"expires_in":-1)"));
  imposter target(echoing_tokens());
  http::client client;
  const auto via = open(client, with_tokens_from(tokens.url()));
  CHECK(fetch(client, via, get(target.url())).body.view() == "t1");
  CHECK(fetch(client, via, get(target.url())).body.view() == "t2");
  CHECK(tokens.requests().size() == 2);
}

TEST_CASE("a server that wants the secret in the form gets it there, and from then on at once") {
  imposter tokens(script().serve([n = std::make_shared<int>(0)](const auto& request) {
    if (!contains(request, "client_id=id&client_secret=sekrit&")) return http_answer("401 Unauthorized", "no");
    return token_answer("t" + std::to_string(++*n));
  }));
  picky target;
  http::client client;
  const auto via = open(client, with_tokens_from(tokens.url()));
  CHECK(fetch(client, via, get(target.server.url())).body.view() == "t1");
  CHECK(tokens.requests().size() == 2);
  target.refuse({"t1"});
  CHECK(fetch(client, via, get(target.server.url())).body.view() == "t2");
  CHECK(tokens.requests().size() == 3);
  CHECK_FALSE(contains(tokens.requests().back(), "Authorization"));
}

TEST_CASE("a request whose token is refused is sent once more, with a new one") {
  imposter tokens(counting_tokens());
  picky target;
  http::client client;
  const auto via = open(client, with_tokens_from(tokens.url()));
  CHECK(fetch(client, via, get(target.server.url())).body.view() == "t1");
  target.refuse({"t1"});
  auto post = get(target.server.url());
  post.method = "POST";
  post.body = std::make_shared<const std::string>("what is told");
  CHECK(fetch(client, via, post).body.view() == "t2");
  CHECK(tokens.requests().size() == 2);
  REQUIRE(target.server.requests().size() == 3);
  for (const auto n : {1, 2})
    CHECK(target.server.requests()[static_cast<std::size_t>(n)].ends_with("\r\n\r\nwhat is told"));

  // The second 401 is the answer, and so is the one to a token that was fetched for just this request.
  target.refuse({"t2", "t3", "t4"});
  const auto got = fetch(client, via, get(target.server.url()));
  CHECK(got.ok());
  CHECK(got.status == 401);
  CHECK(got.body.view() == "who?");
  CHECK(tokens.requests().size() == 3);
  CHECK(target.server.requests().size() == 5);
  CHECK(fetch(client, open(client, with_tokens_from(tokens.url())), get(target.server.url())).status == 401);
  CHECK(target.server.requests().size() == 6);
}

TEST_CASE("many requests that are refused at once fetch one new token") {
  imposter tokens(counting_tokens());
  picky target;
  http::client client;
  const auto via = open(client, with_tokens_from(tokens.url()));
  CHECK(fetch(client, via, get(target.server.url())).body.view() == "t1");
  target.refuse({"t1"});
  std::vector<std::future<http::response>> all;
  for (int i = 0; i < 30; ++i)
    all.push_back(send(client, via, get(target.server.url())));
  for (auto& each : all)
    CHECK(wait(each).body.view() == "t2");
  CHECK(tokens.requests().size() == 2);
}

TEST_CASE("a late 401 does not take away the token that came meanwhile") {
  gate late;
  imposter tokens(counting_tokens());
  imposter target(script().serve([&](const std::string& request) {
    const bool old = token_of(request) == "t1" && !contains(request, "GET /first ");
    if (old && contains(request, "GET /slow ")) late.pass();
    return old ? http_answer("401 Unauthorized", "") : http_answer("200 OK", token_of(request));
  }));
  http::client client;
  const auto via = open(client, with_tokens_from(tokens.url()));
  CHECK(fetch(client, via, get(target.url("/first"))).body.view() == "t1");
  auto slow = send(client, via, get(target.url("/slow"), seconds(60)));
  REQUIRE(target.wait_for_requests(2));
  CHECK(fetch(client, via, get(target.url("/quick"))).body.view() == "t2");
  late.opened.set_value();
  CHECK(wait(slow).body.view() == "t2");
  CHECK(tokens.requests().size() == 2);
}

TEST_CASE("a server of tokens that gives none fails the requests, and is asked anew by the next") {
  struct row {
    script does;
    std::string says;
    int times = 1;  // a refusal is asked again, with the secret in the form
  };
  const auto answers = [](const std::string& bytes) { return script().serve([bytes](const auto&) { return bytes; }); };
  const std::string last = "Connection: close\r\n", json = last + "Content-Type: application/json\r\n";
  const std::string html = last + "Content-Type: text/html\r\n";
  const std::vector<row> rows = {
      {script().request().reset(), "connection reset by peer"},
      {script().request(), "EOF"},
      {answers(http_answer("500 Oops", "<html>out of order</html>", html)), "500: <html>out of order</html>", 2},
      {answers(http_answer("401 Unauthorized", R"({"error":"invalid_client","error_description":"who is id?"})", json)),
       "401: invalid_client: who is id?", 2},
      {answers(http_answer("200 OK", "{garbage", json)), "the answer is neither JSON nor a form"},
      {answers(http_answer("200 OK", "<html>login</html>", html)), "the answer is neither JSON nor a form"},
      {answers(http_answer("200 OK", "{}", json)), "the answer holds no access_token"},
      {script().request().send("SSH-2.0\r\n"), "HTTP/0.9"},
      {script().request().send("HTTP/1.1 200 OK\r\n\r\n").repeat(std::string(65536, '{'), 100), "larger than 1048576"},
      {script().serve(
           [&](const auto& request) { return http_answer("400 Bad Request", request.substr(0, 150), last); }),
       "400: POST /token?", 2},
      {script().serve([&](const auto& request) {
         return http_answer("400 Bad Request", request.substr(request.find("\r\n\r\n") + 4), last);
       }),
       "400: client_id=id&client_secret=<secret>&", 2},
  };
  imposter target(echoing_tokens());
  http::client client;
  for (const auto& [does, says, times] : rows) {
    INFO(says);
    imposter tokens(counting_tokens());
    for (int i = 0; i < times; ++i)
      tokens.next(does);
    const auto via = open(client, with_tokens_from("http://user:word@" + tokens.address() + "/token?key=hidden"));
    const auto got = fetch(client, via, get(target.url()));
    INFO(got.error);
    CHECK(to_string(got.failure) == "unauthorized");
    CHECK(got.status == 0);
    CHECK(got.error.starts_with("GET " + target.url() + ": token from http://" + tokens.address() + "/token: "));
    CHECK(contains(got.error, says));
    for (const auto* secret : {"sekrit", "aWQ6c2Vrcml0", "user", "word"})
      CHECK_FALSE(contains(got.error, secret));
    CHECK(tokens.requests().size() == static_cast<std::size_t>(times));
    CHECK(fetch(client, via, get(target.url())).body.view() == "t1");
  }
  CHECK(target.requests().size() == rows.size());
  CHECK(client.counts().by_failure[static_cast<std::size_t>(failure_kind::unauthorized)] == rows.size());
}

TEST_CASE("no connection to the server of tokens fails all requests that wait") {
  std::string closed;
  {
    imposter gone;
    closed = gone.url("/token");
  }
  imposter target(echoing_tokens());
  http::client client;
  const auto via = open(client, with_tokens_from(closed));
  std::vector<std::future<http::response>> all;
  for (int i = 0; i < 5; ++i)
    all.push_back(send(client, via, get(target.url())));
  for (auto& each : all) {
    const auto got = wait(each);
    CHECK(got.failure == failure_kind::unauthorized);
    CHECK(got.error == "GET " + target.url() + ": token from " + closed + ": connection refused");
  }
  CHECK(target.requests().empty());
}

TEST_CASE("the time-out of a request runs while it waits for a token") {
  imposter tokens(script().request().hang());
  imposter target(echoing_tokens());
  http::client client;
  const auto via = open(client, with_tokens_from(tokens.url("/token")));
  auto patient = send(client, via, get(target.url(), seconds(100)));
  // Longer than what curl itself wakes up for after a connection is made.
  const auto got = fetch(client, via, get(target.url(), milliseconds(700)));
  CHECK(to_string(got.failure) == "timeout");
  CHECK(got.error ==
        "GET " + target.url() + ": timed out after 700ms, waiting for the token from " + tokens.url("/token"));
  CHECK(got.duration >= milliseconds(700));
  CHECK(patient.wait_for(seconds(0)) == std::future_status::timeout);
  CHECK(tokens.requests().size() == 1);
}

TEST_CASE("the request for a token has a time-out of its own") {
  imposter tokens(script().request().hang());
  imposter target(echoing_tokens());
  http::client client;
  auto options = with_tokens_from(tokens.url("/token"));
  options.oauth2->timeout = milliseconds(200);
  const auto got = fetch(client, open(client, options), get(target.url(), seconds(100)));
  CHECK(to_string(got.failure) == "unauthorized");
  CHECK(contains(got.error, "token from " + tokens.url("/token") + ": timed out after 200ms"));
}

TEST_CASE("what waits for a token is cancelled by id, by session, and when the client ends") {
  imposter tokens(script().request().hang());
  imposter target(echoing_tokens());
  std::vector<std::future<http::response>> left;
  {
    http::client client;
    const auto via = open(client, with_tokens_from(tokens.url()));
    const auto other = open(client, with_tokens_from(tokens.url()));
    auto promise = std::make_shared<std::promise<http::response>>();
    auto one = promise->get_future();
    const auto id = client.submit(via, get(target.url()), [promise](auto&& r) { promise->set_value(std::move(r)); });
    std::vector<std::future<http::response>> rest;
    for (int i = 0; i < 3; ++i) {
      rest.push_back(send(client, via, get(target.url(), seconds(100))));
      left.push_back(send(client, other, get(target.url(), seconds(100))));
    }
    REQUIRE(tokens.wait_for_requests(2));
    REQUIRE(until([&] { return client.counts().waiting == 7; }));
    client.cancel(id);
    CHECK(wait(one).failure == failure_kind::cancelled);
    client.cancel_all(via);
    for (auto& each : rest)
      CHECK(wait(each).failure == failure_kind::cancelled);
    CHECK(left.front().wait_for(seconds(0)) == std::future_status::timeout);
  }
  for (auto& each : left)
    CHECK(wait(each).failure == failure_kind::cancelled);
  CHECK(target.requests().empty());
}

TEST_CASE("a token that is asked for is not waited for when its session is gone") {
  imposter tokens(script().request().hang());
  imposter target(echoing_tokens());
  http::client client;
  auto via = open(client, with_tokens_from(tokens.url()));
  auto one = send(client, via, get(target.url(), seconds(100)));
  REQUIRE(tokens.wait_for_requests(1));
  client.cancel_all(via);
  CHECK(wait(one).failure == failure_kind::cancelled);
  CHECK(tokens.open_connections() == 1);
  via.reset();
  CHECK(until([&] { return tokens.open_connections() == 0; }));
}

TEST_CASE("a token that comes when all that waited have gone is the next one's") {
  gate late;
  imposter tokens(script().serve([&](const auto&) {
    late.pass();
    return token_answer("t1");
  }));
  imposter target(echoing_tokens());
  http::client client;
  const auto via = open(client, with_tokens_from(tokens.url()));
  CHECK(fetch(client, via, get(target.url(), milliseconds(50))).failure == failure_kind::timeout);
  late.opened.set_value();
  CHECK(fetch(client, via, get(target.url())).body.view() == "t1");
  CHECK(tokens.requests().size() == 1);
}

TEST_CASE("the file of the secret is read for each token") {
  const temporary_directory directory;
  imposter tokens(counting_tokens(R"(,"expires_in":-1)"));
  imposter target(echoing_tokens());
  http::client client;
  auto options = with_tokens_from(tokens.url());
  options.oauth2->client_secret.clear();
  options.oauth2->client_secret_file = directory.write("secret", "one\n");
  const auto via = open(client, options);
  CHECK(fetch(client, via, get(target.url())).ok());
  CHECK(contains(tokens.requests().back(), "Authorization: Basic aWQ6b25l\r\n"));
  directory.write("secret", "two");
  CHECK(fetch(client, via, get(target.url())).ok());
  CHECK(contains(tokens.requests().back(), "Authorization: Basic aWQ6dHdv\r\n"));
  std::filesystem::remove(directory.file("secret"));
  const auto got = fetch(client, via, get(target.url()));
  CHECK(got.failure == failure_kind::unauthorized);
  CHECK(contains(got.error, "oauth2: client_secret_file: cannot open " + directory.file("secret")));
  directory.write("secret", "three");
  CHECK(fetch(client, via, get(target.url())).ok());
  CHECK(tokens.requests().size() == 3);
}

TEST_CASE("a redirect takes no token to another host, and no secret anywhere") {
  imposter other(echoing_tokens());
  imposter target(script().serve([&](const std::string& request) {
    if (contains(request, "GET /here")) return http_answer("200 OK", token_of(request));
    return http_answer("302 Found", "",
                       "Location: " + (contains(request, "/away") ? other.url("/") : "/here") + "\r\n");
  }));
  imposter tokens(counting_tokens());
  http::client client;
  const auto via = open(client, with_tokens_from(tokens.url()));
  CHECK(fetch(client, via, get(target.url("/there"))).body.view() == "t1");
  const auto away = fetch(client, via, get(target.url("/away")));
  CHECK(away.status == 200);
  CHECK(away.body.view().empty());
  REQUIRE(other.requests().size() == 1);
  CHECK_FALSE(contains(other.requests().back(), "Authorization"));

  imposter moved(script().serve([&](const auto&) {
    return http_answer("307 Temporary Redirect", "", "Location: " + other.url("/token") + "\r\n");
  }));
  const auto got = fetch(client, open(client, with_tokens_from(moved.url())), get(target.url("/here")));
  CHECK(got.failure == failure_kind::unauthorized);
  CHECK(contains(got.error, "307: it redirects to " + other.url("/token") + ", which is not followed"));
  CHECK(other.requests().size() == 1);
}

TEST_CASE("the server of tokens is reached as the block says, the target as its own options say") {
  const certificate self("self", "IP:127.0.0.1");
  http::server_options secure;
  secure.address = "127.0.0.1:0";
  secure.tls = http::server_tls{.cert_pem = self.cert_pem(), .key_pem = self.key_pem()};
  const auto tokens = *http::server::listen(
      secure, [](const auto&, auto answer) { answer->respond(200, "application/json", R"({"access_token":"t1"})"); });
  imposter target(echoing_tokens());
  http::client client;
  auto options = with_tokens_from("https://" + tokens->address() + "/token");
  options.tls.ca_pem = self.cert_pem();
  const auto refused = fetch(client, open(client, options), get(target.url()));
  CHECK(refused.failure == failure_kind::unauthorized);
  CHECK(contains(refused.error, "/token: TLS: "));
  options.tls = {};
  options.oauth2->tls.ca_pem = self.cert_pem();
  CHECK(fetch(client, open(client, options), get(target.url())).body.view() == "t1");

  imposter proxy(counting_tokens());
  options = with_tokens_from("http://far.invalid/token");
  options.oauth2->proxy_url = "http://" + proxy.address();
  CHECK(fetch(client, open(client, options), get(target.url())).body.view() == "t1");
  REQUIRE(proxy.requests().size() == 1);
  CHECK(proxy.requests().front().starts_with("POST http://far.invalid/token HTTP/1.1\r\n"));
}
