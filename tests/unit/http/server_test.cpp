#include "protocol/http/server.hpp"

#include <atomic>
#include <stdexcept>
#include <thread>

#include "protocol/http/inflate.hpp"
#include "protocol/http/router.hpp"
#include "tests/unit/http/fetch.hpp"
#include "tests/unit/http/raw_peer.hpp"
#include "tests/unit/http/serving.hpp"

using namespace troupe;
using namespace troupe::testing;
using std::chrono::milliseconds;
using namespace std::string_literals;

TEST_CASE("a request arrives decoded, and its answer goes back over a connection that is kept") {
  http::server_request seen;
  const auto server = serve([&](const auto& r, auto answer) {
    seen = r;
    answer->respond(201, text, "made\n", {{"X-One", "1"}});
  });
  http::client client;
  const auto via = open(client);
  auto what = get(url(*server, "/a%20b/c?x=1&x=2&y=%26+z&flag"));
  what.method = "POST";
  what.body = std::make_shared<const std::string>("body");
  what.headers = {{"X-Given", "yes"}};
  for (int i = 0; i < 2; ++i) {
    const auto got = fetch(client, via, what);
    REQUIRE(got.error == "");
    CHECK(got.status == 201);
    CHECK(got.body.view() == "made\n");
    CHECK(got.header("x-one") == "1");
    CHECK(got.header("content-type") == text);
    CHECK(got.header("date").ends_with(" GMT"));
  }
  CHECK(seen.method == "POST");
  CHECK(seen.path == "/a b/c");
  CHECK(seen.query ==
        std::vector<std::pair<std::string, std::string>>{{"x", "1"}, {"x", "2"}, {"y", "& z"}, {"flag", ""}});
  CHECK(seen.parameter("x") == "1");
  CHECK(seen.parameter("z").empty());
  CHECK(seen.body == "body");
  CHECK(seen.header("x-GIVEN") == "yes");
  CHECK(seen.remote_address.starts_with("127.0.0.1:"));
  CHECK(server->counts().connections_accepted == 1);
  CHECK(server->counts().requests == 2);
}

TEST_CASE("bad input gets its status, and the connection ends after it") {
  http::server_options options;
  options.limits.read_timeout = milliseconds(300);
  options.limits.idle_timeout = milliseconds(300);
  options.limits.body_bytes = 1000;
  const auto server = serve(echo, options);
  struct row {
    const char* name;
    std::string sent;
    const char* status;  // "": closes without a word
  };
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
  for (const auto& [name, sent, status] : std::vector<row>{
           {"no HTTP", "hello\r\n\r\n", "400"},
           {"a TLS hello", std::string("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", 11), "400"},
           {"no host", "GET / HTTP/1.1\r\n\r\n", "400"},
           {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
           {"bad header", "GET / HTTP/1.1\r\nHost: a\r\nbad header: x\r\n\r\n", "400"},
           {"NUL", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s, "400"},
           {"encoded NUL", "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
           {"bad target", "GET x/y HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
           {"HTTP/3.0", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", "400"},
           {"bad length", head + "Content-Length: -1\r\n\r\n", "400"},
           {"two lengths", head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"},
           {"length and chunks", head + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
           {"bad chunk", head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
           {"long head", "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(17 << 10, 'x') + "\r\n\r\n", "431"},
           {"many headers",
            "GET / HTTP/1.1\r\nHost: a\r\n" +
                [] {
                  std::string many;
                  for (int i = 0; i < 4000; ++i)
                    many += "A: b\r\n";
                  return many;
                }() +
                "\r\n",
            "431"},
           {"large body announced", head + "Content-Length: 1001\r\n\r\n", "413"},
           {"large body sent",
            head + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n", "413"},
           {"a line that ends too early", "\r\n\r\nGET /\r\n\r\n", "400"},
           {"half a line end", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
           {"half a head", "GET / HTTP/1.1\r\nHo", "408"},
           {"half a body", head + "Content-Length: 10\r\n\r\nhalf", "408"},
           {"nothing", "", ""},
           {"empty lines", "\r\n\r\n\r", ""},
       }) {
    INFO(name);
    raw_peer peer(server->port());
    peer.send(sent);
    const auto got = peer.read_to_end();
    CHECK(peer.closed());
    CHECK(got.substr(0, 12) == (*status == '\0' ? "" : std::string("HTTP/1.1 ") + status));
    if (*status != '\0') CHECK(contains(got, "Connection: close\r\n"));
  }
  CHECK(eventually([&] { return server->counts().connections == 0; }));
}

TEST_CASE("pipelined requests are answered in order; HTTP/1.0 and Connection: close end it") {
  const auto server = serve(echo);
  raw_peer peer(server->port());
  peer.send(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET http://b/3?q=r "
      "HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /4 HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto got = peer.read_to_end();
  const auto first = got.find("GET /1\n"), second = got.find("POST /2\nabc"), third = got.find("GET /3\nq=r\n");
  CHECK(first < second);
  CHECK(second < third);
  CHECK(third != std::string::npos);
  CHECK_FALSE(contains(got, "/4"));

  raw_peer old(server->port());
  old.send("GET /old HTTP/1.0\r\n\r\n");
  const auto answered = old.read_to_end();
  CHECK(answered.starts_with("HTTP/1.0 200 OK\r\n"));
  CHECK(answered.ends_with("GET /old\n"));
}

TEST_CASE("empty lines before a request are no part of it") {
  const auto server = serve(echo);
  raw_peer peer(server->port());
  peer.send(
      "\r\nPOST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(contains(peer.read_until("GET /2\n"), "GET /2\n"));
  for (const char* piece : {"\r", "\n", "\r\n\r", "\nGET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"}) {
    peer.send(piece);
    std::this_thread::yield();
  }
  CHECK(peer.read_to_end().ends_with("GET /3\n"));
  CHECK(server->counts().requests == 3);
}

TEST_CASE("HEAD is answered without a body, 204 too") {
  const auto server = serve([](const auto& r, auto answer) {
    if (r.path == "/none")
      answer->respond(204, "", "not to be seen");
    else
      answer->respond(200, text, "12345");
  });
  raw_peer peer(server->port());
  peer.send(
      "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: "
      "close\r\n\r\n");
  const auto got = peer.read_to_end();
  const auto second = got.find("HTTP/1.1 204");
  const auto third = got.find("HTTP/1.1 200", second);
  REQUIRE(third != std::string::npos);
  CHECK(contains(got.substr(0, second), "Content-Length: 5\r\n"));
  CHECK(got.substr(0, second).ends_with("\r\n\r\n"));
  CHECK_FALSE(contains(got.substr(second, third - second), "Content-Length"));
  CHECK(got.substr(second, third - second).ends_with("\r\n\r\n"));
  CHECK(got.ends_with("\r\n\r\n12345"));
}

TEST_CASE("a peer that expects 100 Continue gets it, unless the answer is known before") {
  const auto server = serve(echo);
  raw_peer peer(server->port());
  peer.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
  CHECK(peer.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("abc");
  CHECK(peer.read_to_end().ends_with("POST /x\nabc"));

  raw_peer large(server->port());
  large.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n");
  CHECK(large.read_until("\r\n\r\n").starts_with("HTTP/1.1 413"));
}

TEST_CASE("large bodies go out compressed where the client accepts it") {
  const std::string page(5000, 'a');
  const auto server = serve([&](const auto& r, auto answer) {
    answer->respond(200, r.path == "/image" ? "image/png" : "text/plain; version=0.0.4",
                    r.path == "/small" ? "a" : page);
  });
  http::client client;
  const auto via = open(client);
  struct row {
    const char* path;
    const char* accepts;
    bool compressed;
  };
  for (const auto& [path, accepts, compressed] : std::vector<row>{{"/", "gzip", true},
                                                                  {"/", "br, GZIP;q=0.5", true},
                                                                  {"/", "gzip;q=0", false},
                                                                  {"/", "gzip; q=0.0", false},
                                                                  {"/", "br", false},
                                                                  {"/", "", false},
                                                                  {"/small", "gzip", false},
                                                                  {"/image", "gzip", false}}) {
    INFO(path << " " << accepts);
    auto what = get(url(*server, path));
    if (*accepts != '\0') what.headers = {{"Accept-Encoding", accepts}};
    const auto got = fetch(client, via, what);
    CHECK((got.header("content-encoding") == "gzip") == compressed);
    CHECK((got.wire_bytes < 200) == (compressed || std::string_view(path) == "/small"));
    CHECK(got.body.view() == (std::string_view(path) == "/small" ? "a" : page));
  }
}

TEST_CASE("stop lets what is being answered finish, closes the idle, and may be called again") {
  std::shared_ptr<http::responder> kept;
  std::atomic<bool> asked{false};
  const auto server = serve([&](const auto&, auto answer) {
    kept = answer;
    asked = true;
  });
  http::client client;
  auto future = send(client, open(client), get(url(*server, "/")));
  raw_peer idle(server->port());
  REQUIRE(eventually([&] { return asked && server->counts().connections == 2; }));
  std::thread stopping([&] { server->stop(std::chrono::seconds(20)); });
  CHECK(idle.read_to_end().empty());
  CHECK(idle.closed());
  kept->respond(200, text, "finished");
  const auto got = wait(future);
  CHECK(got.body.view() == "finished");
  CHECK(got.header("connection") == "close");
  stopping.join();
  CHECK(fetch(client, open(client), get(url(*server, "/"))).failure == http::failure_kind::refused);
  server->stop();
}

TEST_CASE("addresses: what can be listened on, and what the others are told") {
  const auto server = serve(echo);
  struct row {
    std::string address;
    const char* says;  // "": listens
  };
  for (const auto& [address, says] : std::vector<row>{
           {"127.0.0.1:" + std::to_string(server->port()), "the address is in use"},
           {"127.0.0.1", "no port"},
           {"127.0.0.1:http", "\"http\" is not a port"},
           {"127.0.0.1:65536", "\"65536\" is not a port"},
           {"::1:80", "must stand in brackets: [::1]:80"},
           {"203.0.113.1:0", "no interface of this machine"},
           {"no-such-host.invalid:0", "cannot resolve \"no-such-host.invalid\""},
           {"localhost:0", ""},
           {":0", ""},
       }) {
    INFO(address);
    http::server_options options;
    options.address = address;
    const auto made = http::server::listen(options, echo);
    CHECK(made.has_value() == (*says == '\0'));
    if (!made) {
      CHECK(contains(made.error().message, "cannot listen on " + address + ": "));
      CHECK(contains(made.error().message, says));
    } else {
      http::client client;
      const auto port = std::to_string((*made)->port());
      CHECK(fetch(client, open(client), get("http://localhost:" + port + "/")).status == 200);
      CHECK((*made)->address().ends_with(":" + port));
    }
  }
}

TEST_CASE("basic authentication by paths, changed while it runs") {
  const auto server = serve(echo);
  http::client client;
  const auto anybody = open(client);
  http::client_options options;
  options.basic = http::basic_auth{.username = "ada", .password = "p:w"};
  const auto ada = open(client, options);
  options.basic->password = "wrong";
  const auto eve = open(client, options);
  struct row {
    std::vector<std::string> paths;
    bool matching;
    bool open_a, open_b;
  };
  for (const auto& [paths, matching, open_a, open_b] : std::vector<row>{{{}, false, false, false},
                                                                        {{}, true, true, true},
                                                                        {{"/a", "/c"}, true, false, true},
                                                                        {{"/a"}, false, true, false}}) {
    http::server_auth rule{"ada", "p:w", paths, matching};
    REQUIRE(server->secure({}, rule));
    for (const auto& [path, is_open] : {std::pair{"/a/x", open_a}, std::pair{"/b", open_b}}) {
      INFO(path << " with " << paths.size() << " paths, matching " << matching);
      const auto got = fetch(client, anybody, get(url(*server, path)));
      CHECK(got.status == (is_open ? 200 : 401));
      CHECK(got.header("www-authenticate") == (is_open ? "" : "Basic realm=\"Restricted\""));
      CHECK(fetch(client, eve, get(url(*server, path))).status == (is_open ? 200 : 401));
      CHECK(fetch(client, ada, get(url(*server, path))).status == 200);
    }
  }
  REQUIRE(server->secure({}, {}));
  CHECK(fetch(client, eve, get(url(*server, "/a"))).status == 200);
}

TEST_CASE("routes: exact before prefix, the longest prefix first, 404, 405 with Allow") {
  http::router routes;
  const auto says = [](std::string what) {
    return [what](const auto&, auto answer) { answer->respond(200, text, what); };
  };
  routes.add("GET", "/metrics", says("metrics"));
  routes.add("GET", "/-/reload", says("reload"));
  routes.add("POST", "/-/reload", says("reload by POST"));
  routes.add_prefix("GET", "/api/", says("api"));
  routes.add_prefix("GET", "/api/v0/component/", says("component"));
  routes.add_prefix("GET", "/api/v0/", says("v0"));
  routes.add("GET", "/api/v0/exact", says("exact"));
  const auto server = serve(routes);
  http::client client;
  const auto via = open(client);
  struct row {
    const char* method;
    const char* path;
    int status;
    const char* body;
  };
  for (const auto& [method, path, status, body] :
       std::vector<row>{{"GET", "/metrics", 200, "metrics"},
                        {"HEAD", "/metrics", 200, ""},
                        {"GET", "/metrics/", 404, "404 page not found\n"},
                        {"POST", "/-/reload", 200, "reload by POST"},
                        {"DELETE", "/-/reload", 405, "405 method not allowed\n"},
                        {"GET", "/api/x", 200, "api"},
                        {"GET", "/api/v0/x", 200, "v0"},
                        {"GET", "/api/v0/component/a/metrics", 200, "component"},
                        {"GET", "/api/v0/exact", 200, "exact"},
                        {"GET", "/api", 404, "404 page not found\n"}}) {
    INFO(method << " " << path);
    auto what = get(url(*server, path));
    what.method = method;
    const auto got = fetch(client, via, what);
    CHECK(got.status == status);
    CHECK(got.body.view() == body);
    CHECK(got.header("allow") == (status == 405 ? "GET, POST" : ""));
  }
}
