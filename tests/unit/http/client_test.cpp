#include "protocol/http/client.hpp"

#include <algorithm>

#include "protocol/http/inflate.hpp"
#include "tests/imposter.hpp"
#include "tests/unit/http/fetch.hpp"

using namespace troupe;
using namespace troupe::testing;
using http::failure_kind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using namespace std::string_literals;

namespace {

script answer(std::string bytes) {
  return script().request().send(std::move(bytes));
}

bool contains(std::string_view text, std::string_view piece) {
  return text.find(piece) != std::string_view::npos;
}

std::string gzip_of_zeros(std::size_t size) {
  return http::deflate_gzip(std::string(size, '\0'));
}

struct misbehaviour {
  const char* name;
  script does;
  failure_kind expected;
  const char* says;
  milliseconds timeout{5000};
  std::uint64_t limit = 0;
};

std::vector<misbehaviour> misbehaviours() {
  const std::string gzip = "Content-Encoding: gzip\r\n";
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string forged = gzip_of_zeros(8 << 20);
  forged.replace(forged.size() - 4, 4, std::string("\x10\0\0\0", 4));
  std::string page;
  for (int i = 0; i < 300; ++i)
    page += "metric_" + std::to_string(i * 7919) + " " + std::to_string(i) + "\n";
  const auto packed = http::deflate_gzip(page);
  return {
      {"hangs before the answer", script().request().hang(), failure_kind::timeout, "timed out after 200ms",
       milliseconds(200)},
      {"hangs within the body", script().request().send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").hang(),
       failure_kind::timeout, "timed out after 200ms", milliseconds(200)},
      {"drips", script().request().send("HTTP/1.1 200 OK\r\n\r\n").drip(std::string(1000, 'x'), milliseconds(30)),
       failure_kind::timeout, "timed out after 300ms", milliseconds(300)},
      {"drips headers",
       script().request().send("HTTP/1.1 200 OK\r\nA: ").drip(std::string(1000, 'x'), milliseconds(30)),
       failure_kind::timeout, "timed out after 300ms", milliseconds(300)},
      {"resets at once", script().request().reset(), failure_kind::reset, "reset by peer"},
      {"resets within the body",
       script().request().send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").pause(milliseconds(20)).reset(),
       failure_kind::reset, "reset by peer"},
      {"closes without a word", script().request(), failure_kind::reset, "EOF"},
      {"closes within the body", answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf a page"),
       failure_kind::reset, "unexpected EOF"},
      {"closes within a chunk", answer(chunked + "ff\r\nhalf a page"), failure_kind::reset, "unexpected EOF"},
      {"closes before the last chunk", answer(chunked + "4\r\nhalf\r\n"), failure_kind::reset, "unexpected EOF"},
      {"garbage chunk size", answer(chunked + "zz\r\nhello\r\n0\r\n\r\n"), failure_kind::protocol, "chunk"},
      {"huge chunk size", answer(chunked + "ffffffffffffffffffff\r\nhello\r\n0\r\n\r\n"), failure_kind::protocol,
       "chunk"},
      {"garbage content-length", answer("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nhello"), failure_kind::protocol,
       "Content-Length"},
      {"content-length with more behind the number", answer("HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello"),
       failure_kind::protocol, "Content-Length \"5x\""},
      {"content-length beyond all numbers",
       answer("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nhello"), failure_kind::protocol,
       "Content-Length"},
      {"two content-lengths", answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nhello"),
       failure_kind::protocol, "not the only one"},
      {"not HTTP", answer("SSH-2.0-OpenSSH_9.2\r\n"), failure_kind::protocol, "HTTP/0.9"},
      {"NUL in a header", answer("HTTP/1.1 200 OK\r\nA: b\0c\r\nContent-Length: 1\r\n\r\nx"s), failure_kind::protocol,
       "Nul byte in header"},
      {"one endless header", script().request().send("HTTP/1.1 200 OK\r\nA: ").repeat(std::string(65536, 'a'), 400),
       failure_kind::protocol, ""},
      {"endless headers", script().request().send("HTTP/1.1 200 OK\r\n").repeat("Name: value\r\n", 10'000'000),
       failure_kind::protocol, "headers are larger than 65536 bytes"},
      {"endless 100 Continue", script().request().repeat("HTTP/1.1 100 Continue\r\nA: b\r\n\r\n", 10'000'000),
       failure_kind::protocol, "headers are larger than"},
      {"announces too much", answer("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"), failure_kind::too_large,
       "larger than 1000 bytes", milliseconds(5000), 1000},
      {"sends too much", answer("HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x')), failure_kind::too_large,
       "larger than 1000 bytes", milliseconds(5000), 1000},
      {"100 MB of one line", script().request().send("HTTP/1.1 200 OK\r\n\r\n").repeat(std::string(1 << 20, 'x'), 100),
       failure_kind::too_large, "larger than 67108864 bytes", milliseconds(20'000)},
      {"gzip bomb", answer(http_answer("200 OK", gzip_of_zeros(64 << 20), gzip)), failure_kind::too_large,
       "larger than 1000000 bytes", milliseconds(20'000), 1'000'000},
      {"gzip bomb that lies about its size", answer(http_answer("200 OK", forged, gzip)), failure_kind::too_large,
       "larger than 1000000 bytes", milliseconds(20'000), 1'000'000},
      {"gzip that is none", answer(http_answer("200 OK", "up 1\nthis is plain text\n", gzip)),
       failure_kind::bad_encoding, "gzip"},
      {"gzip cut short", answer(http_answer("200 OK", gzip_of_zeros(100'000).substr(0, 60), gzip)),
       failure_kind::bad_encoding, "cut short"},
      {"gzip cut short, of a page within the limit",
       answer(http_answer("200 OK", packed.substr(0, packed.size() / 2), gzip)), failure_kind::bad_encoding,
       "cut short", milliseconds(5000), 10'000'000},
      {"bytes behind the gzip", answer(http_answer("200 OK", packed + "and then some more text", gzip)),
       failure_kind::bad_encoding, "not, or is cut short", milliseconds(5000), 10'000'000},
      {"redirects to itself",
       script().serve([](const auto&) { return http_answer("302 Found", "", "Location: /again\r\n"); }),
       failure_kind::redirect_loop, "stopped after 10 redirects"},
      {"redirects to a file", answer(http_answer("302 Found", "", "Location: file:///etc/passwd\r\n")),
       failure_kind::protocol, "file"},
  };
}

}  // namespace

TEST_CASE("a page is fetched whole, over one connection") {
  imposter server(script().serve([](const auto&) {
    return http_answer("200 OK", "up 1\n", "Content-Type: text/plain; version=0.0.4\r\nX-Empty:\r\n");
  }));
  http::client client;
  const auto via = open(client, {.user_agent = "Troupe/1"});
  for (int i = 0; i < 3; ++i) {
    auto what = get(server.url("/a/../b%20c?x=1"));
    what.headers = {{"Accept", "text/plain"}, {"X-Nothing", ""}};
    const auto got = fetch(client, via, std::move(what));
    REQUIRE(got.error == "");
    CHECK(got.status == 200);
    CHECK(got.body.view() == "up 1\n");
    CHECK(got.wire_bytes == 5);
    CHECK(got.header("content-TYPE") == "text/plain; version=0.0.4");
    CHECK(got.header("x-empty").empty());
    CHECK(got.header("content").empty());
    CHECK(got.duration.count() > 0);
  }
  CHECK(server.connections() == 1);
  CHECK(client.counts().connections_opened == 1);
  CHECK(client.counts().completed == 3);
  CHECK(server.requests().front() == "GET /a/../b%20c?x=1 HTTP/1.1\r\nHost: " + server.address() +
                                         "\r\nUser-Agent: Troupe/1\r\nAccept: text/plain\r\nX-Nothing:\r\n\r\n");
}

TEST_CASE("each misbehaviour of a server is a failure of its kind, and others go on") {
  http::client client;
  const auto via = open(client);
  imposter good(script().serve([](const auto&) { return http_answer("200 OK", "up 1\n"); }));
  for (auto& each : misbehaviours()) {
    DYNAMIC_SECTION(each.name) {
      imposter server(each.does);
      auto what = get("http://user:secret@" + server.address() + "/metrics", each.timeout);
      what.max_body_bytes = each.limit;
      auto bad = send(client, via, std::move(what));
      CHECK(fetch(client, via, get(good.url())).body.view() == "up 1\n");
      const auto got = wait(bad);
      INFO(got.error);
      CHECK(to_string(got.failure) == to_string(each.expected));
      CHECK(contains(got.error, each.says));
      CHECK(contains(got.error, "GET http://" + server.address() + "/metrics: "));
      CHECK(got.body.size() == 0);
      CHECK(client.counts().by_failure[static_cast<std::size_t>(each.expected)] == 1);
    }
  }
}

TEST_CASE("no connection: refused, no such host, a URL that is none") {
  http::client client;
  const auto via = open(client);
  std::string closed;
  {
    imposter gone;
    closed = gone.url();
  }
  struct row {
    std::string url;
    failure_kind kind;
    const char* says;
  };
  for (const auto& [url, kind, says] : std::vector<row>{
           {closed, failure_kind::refused, "connection refused"},
           {"http://no-such-host.invalid/metrics", failure_kind::dns, "no such host"},
           {"http://[::1/metrics", failure_kind::invalid_request, ""},
           {"", failure_kind::invalid_request, ""},
           {"ftp://127.0.0.1/x", failure_kind::protocol, "ftp"},
           {"file:///etc/passwd", failure_kind::protocol, "file"},
       }) {
    const auto got = fetch(client, via, get(url));
    INFO(url << " → " << got.error);
    CHECK(to_string(got.failure) == to_string(kind));
    CHECK(contains(got.error, says));
  }
}

TEST_CASE("gzip is inflated, several members as one body; other encodings are left alone") {
  const std::string page(200'000, 'a');
  imposter server(script().serve([&](const std::string& request) {
    if (contains(request, "/plain")) return http_answer("200 OK", page, "Content-Encoding: br\r\n");
    return http_answer("200 OK", http::deflate_gzip(page) + http::deflate_gzip("b"), "Content-Encoding: GZIP\r\n");
  }));
  http::client client;
  const auto via = open(client);
  auto what = get(server.url());
  what.accept_gzip = true;
  what.max_body_bytes = 200'001;
  const auto got = fetch(client, via, what);
  CHECK(got.body.view() == page + "b");
  CHECK(got.wire_bytes < 2000);
  CHECK(contains(server.requests().front(), "\r\nAccept-Encoding: gzip\r\n"));

  what.max_body_bytes = 200'000;
  CHECK(fetch(client, via, what).failure == failure_kind::too_large);

  const auto plain = fetch(client, via, get(server.url("/plain")));
  CHECK(plain.body.view() == page);
  CHECK(plain.header("content-encoding") == "br");
  CHECK_FALSE(contains(server.requests().back(), "Accept-Encoding"));
}

TEST_CASE("methods and bodies go out as they are, on handles that carried others before") {
  imposter server(script().serve([](const std::string& request) {
    return request.starts_with("HEAD") ? std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
                                       : http_answer("204 No Content", "");
  }));
  http::client client;
  const auto via = open(client);
  const std::string host = "Host: " + server.address() + "\r\nAccept: */*\r\n";
  http::request post = get(server.url("/w"));
  post.method = "POST";
  post.body = std::make_shared<const std::string>("a\0b", 3);
  post.headers = {{"Content-Type", "application/x-protobuf"}};
  CHECK(fetch(client, via, post).status == 204);
  CHECK(fetch(client, via, get(server.url("/w"))).status == 204);
  http::request head = get(server.url("/w"));
  head.method = "HEAD";
  const auto headed = fetch(client, via, head);
  CHECK(headed.ok());
  CHECK(headed.header("content-length") == "5");
  http::request remove = get(server.url("/w"));
  remove.method = "DELETE";
  CHECK(fetch(client, via, remove).ok());
  post.method = "PUT";
  CHECK(fetch(client, via, post).ok());
  CHECK(fetch(client, via, get(server.url("/w"))).ok());
  const auto got = server.requests();
  REQUIRE(got.size() == 6);
  const std::string body = "Content-Type: application/x-protobuf\r\nContent-Length: 3\r\n\r\n" + std::string("a\0b", 3);
  CHECK(got[0] == "POST /w HTTP/1.1\r\n" + host + body);
  CHECK(got[1] == "GET /w HTTP/1.1\r\n" + host + "\r\n");
  CHECK(got[2] == "HEAD /w HTTP/1.1\r\n" + host + "\r\n");
  CHECK(got[3] == "DELETE /w HTTP/1.1\r\n" + host + "\r\n");
  CHECK(got[4] == "PUT /w HTTP/1.1\r\n" + host + body);
  CHECK(got[5] == got[1]);
}

TEST_CASE("a large body goes out whole, and again on a connection that the peer had closed") {
  const auto large = std::make_shared<const std::string>(3 << 20, 'x');
  imposter server(script().request().send(http_answer("200 OK", "")));
  http::client client;
  const auto via = open(client);
  http::request post = get(server.url());
  post.method = "POST";
  post.body = large;
  for (int i = 0; i < 5; ++i)
    CHECK(fetch(client, via, post).error == "");
  for (const auto& each : server.requests())
    CHECK(each.ends_with("\r\n\r\n" + *large));
}

TEST_CASE("a redirect that would lose the body is the answer, others take it along") {
  imposter server(script().serve([](const std::string& request) {
    const auto status = request.substr(request.find('/') + 1, 3);
    if (status == "end") return http_answer("200 OK", "taken");
    return http_answer(status + " Moved", "moved", "Location: /end\r\n");
  }));
  http::client client;
  const auto via = open(client, {});
  for (const int status : {301, 302, 303}) {
    auto push = get(server.url("/" + std::to_string(status)));
    push.method = "POST";
    push.body = std::make_shared<const std::string>("samples");
    const auto got = fetch(client, via, std::move(push));
    CHECK(got.error == "");
    CHECK(got.status == status);
    CHECK(got.header("location") == "/end");
    CHECK(contains(server.requests().back(), "POST /" + std::to_string(status)));
  }
  for (const int status : {307, 308}) {
    auto push = get(server.url("/" + std::to_string(status)));
    push.method = "POST";
    push.body = std::make_shared<const std::string>("samples");
    CHECK(fetch(client, via, std::move(push)).status == 200);
    CHECK(contains(server.requests().back(), "POST /end"));
    CHECK(contains(server.requests().back(), "samples"));
  }
  CHECK(fetch(client, via, get(server.url("/302"))).body.view() == "taken");
}

TEST_CASE("redirects are followed where asked, and take no credentials to another host") {
  imposter other(script().serve([](const auto&) { return http_answer("200 OK", "elsewhere"); }));
  imposter server(script().serve([&](const std::string& request) {
    if (contains(request, "GET /here")) return http_answer("200 OK", "here");
    return http_answer("302 Found", "moved",
                       "Location: " + (contains(request, "/away") ? other.url("/") : "/here") + "\r\n");
  }));
  http::client client;
  http::client_options options;
  options.authorize = http::authorization{.type = "Bearer", .credentials = "token", .credentials_file = {}};
  const auto follows = open(client, options);
  CHECK(fetch(client, follows, get(server.url("/there"))).body.view() == "here");
  CHECK(contains(server.requests().back(), "Authorization: Bearer token"));
  CHECK(fetch(client, follows, get(server.url("/away"))).body.view() == "elsewhere");
  CHECK_FALSE(contains(other.requests().back(), "Authorization"));
  options.follow_redirects = false;
  const auto stays = fetch(client, open(client, options), get(server.url("/there")));
  CHECK(stays.status == 302);
  CHECK(stays.body.view() == "moved");
  CHECK(stays.header("location") == "/here");
}

TEST_CASE("requests are cancelled by id, by session, and when the client ends; done is called once for each") {
  imposter server(script().request().hang());
  std::vector<std::future<http::response>> left;
  {
    http::client client({.max_in_flight = 6});
    const auto a = open(client);
    const auto b = open(client);
    auto promise = std::make_shared<std::promise<http::response>>();
    auto one = promise->get_future();
    const auto id = client.submit(a, get(server.url()), [promise](auto&& r) { promise->set_value(std::move(r)); });
    std::vector<std::future<http::response>> of_a;
    for (int i = 0; i < 4; ++i)
      of_a.push_back(send(client, a, get(server.url())));
    for (int i = 0; i < 4; ++i)
      left.push_back(send(client, b, get(server.url())));
    REQUIRE(server.wait_for_requests(6));
    CHECK(client.counts().in_flight == 6);
    CHECK(client.counts().waiting == 3);
    client.cancel(id);
    const auto got = wait(one);
    CHECK(got.failure == failure_kind::cancelled);
    CHECK(contains(got.error, "cancelled"));
    client.cancel_all(a);
    for (auto& each : of_a)
      CHECK(wait(each).failure == failure_kind::cancelled);
    client.cancel(id);
  }
  for (auto& each : left)
    CHECK(wait(each).failure == failure_kind::cancelled);
}

TEST_CASE("a request that waits for its turn too long times out") {
  imposter server(script().request().hang());
  http::client client({.max_in_flight = 1});
  const auto via = open(client);
  auto first = send(client, via, get(server.url(), milliseconds(400)));
  auto second = send(client, via, get(server.url(), milliseconds(200)));
  CHECK(wait(first).failure == failure_kind::timeout);
  const auto got = wait(second);
  CHECK(got.failure == failure_kind::timeout);
  CHECK(contains(got.error, "timed out after 200ms, waiting for its turn"));
}

TEST_CASE("done may submit again, and drop the last reference to its session") {
  imposter server(script().serve([](const auto&) { return http_answer("200 OK", "x"); }));
  http::client client;
  std::promise<int> finished;
  std::function<void(int)> chain = [&](int n) {
    client.submit(open(client), get(server.url()), [&, n](http::response&& r) {
      if (!r.ok() || n == 20)
        finished.set_value(r.ok() ? n : -1);
      else
        chain(n + 1);
    });
  };
  chain(1);
  auto future = finished.get_future();
  REQUIRE(future.wait_for(seconds(20)) == std::future_status::ready);
  CHECK(future.get() == 20);
  // Each session had a connection of its own, and took it along when it went.
  CHECK(server.connections() == 20);
  const auto deadline = std::chrono::steady_clock::now() + seconds(10);
  while (server.open_connections() > 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(server.open_connections() == 0);
}

TEST_CASE("many requests at once from many threads all end") {
  imposter server(script().serve(
      [](const std::string& request) { return http_answer("200 OK", request.substr(4, request.find(' ', 4) - 4)); }));
  http::client client;
  const auto via = open(client);
  std::atomic<int> right{0};
  std::atomic<int> ended{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const auto path = "/" + std::to_string(t) + "-" + std::to_string(i);
        client.submit(via, get(server.url(path)), [&, path](http::response&& r) {
          right += r.body.view() == path ? 1 : 0;
          ++ended;
        });
      }
    });
  }
  for (auto& each : threads)
    each.join();
  const auto deadline = std::chrono::steady_clock::now() + seconds(20);
  while (ended < 200 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(right == 200);
}

TEST_CASE("bodies give their memory back, and only so much is kept") {
  const auto pool = std::make_shared<http::body_pool>(1 << 20);
  std::vector<http::body> bodies;
  for (int i = 0; i < 10; ++i) {
    bodies.emplace_back(pool);
    bodies.back().append(std::string(200'000, 'x').data(), 200'000);
  }
  bodies.clear();
  CHECK(pool->held_bytes() == 1'000'000);
  {
    http::body again(pool);
    CHECK(again.capacity() == 200'000);
    CHECK(again.size() == 0);
    CHECK(pool->held_bytes() == 800'000);
    again.reserve(300'000);
    http::body moved(std::move(again));
    moved = http::body();
  }
  CHECK(pool->held_bytes() == 800'000);
}

TEST_CASE("malformed headers never leave") {
  imposter server(script().serve([](const auto&) { return http_answer("200 OK", ""); }));
  http::client client;
  const auto via = open(client);
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"A", "b\r\nC: d"}, {"A: b\r\nC", "d"}, {"", "x"}, {"A", std::string("b\0", 2)}, {"A B", "c"}}) {
    auto what = get(server.url());
    what.headers = {{name, value}};
    CHECK(fetch(client, via, what).failure == failure_kind::invalid_request);
  }
  auto what = get(server.url());
  what.headers.assign(121, {"A", "b"});
  CHECK(fetch(client, via, what).ok());
  what.headers.assign(125, {"A", "b"});
  CHECK(fetch(client, via, what).failure == failure_kind::invalid_request);
  CHECK(server.requests().size() == 1);
}
