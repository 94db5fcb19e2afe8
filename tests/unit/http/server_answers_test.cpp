// Answers that come later, in pieces, or not at all; and who gives way when there are many.

#include "protocol/http/server.hpp"

#include <atomic>
#include <stdexcept>
#include <thread>

#include "tests/unit/http/fetch.hpp"
#include "tests/unit/http/raw_peer.hpp"
#include "tests/unit/http/serving.hpp"

using namespace troupe;
using namespace troupe::testing;
using std::chrono::milliseconds;
using namespace std::string_literals;

TEST_CASE("an answer may come later, from any thread; once; and 500 where none comes") {
  std::vector<std::thread> threads;
  std::shared_ptr<http::responder> kept;
  std::atomic<bool> has_kept{false};
  const auto server = serve([&](const auto& r, std::shared_ptr<http::responder> answer) {
    if (r.path == "/later")
      threads.emplace_back([answer = std::move(answer)] {
        answer->respond(200, text, "later");
        answer->respond(200, text, "again");
      });
    else if (r.path == "/kept") {
      kept = std::move(answer);
      has_kept = true;
    } else if (r.path == "/throws")
      throw std::runtime_error("secret");
    else if (r.path == "/malformed")
      answer->respond(200, text, "x", {{"A", "b\r\nC: d"}});
    else if (r.path == "/odd")
      answer->respond(99, text, "x");
  });
  http::client client;
  const auto via = open(client);
  for (int i = 0; i < 5; ++i)
    CHECK(fetch(client, via, get(url(*server, "/later"))).body.view() == "later");
  for (const auto* path : {"/dropped", "/throws", "/malformed", "/odd"}) {
    const auto got = fetch(client, via, get(url(*server, path)));
    INFO(path);
    CHECK(got.status == 500);
    CHECK(got.header("c").empty());
    CHECK_FALSE(contains(got.body.view(), "secret"));
  }
  // The peer has gone, then the server: the answer goes nowhere and does no harm.
  auto left = send(client, via, get(url(*server, "/kept")));
  REQUIRE(eventually([&] { return has_kept.load(); }));
  client.cancel_all(via);
  CHECK(wait(left).failure == http::failure_kind::cancelled);
  server->stop(milliseconds(0));
  kept->respond(200, text, "too late");
  CHECK_FALSE(kept->send("x"));
  for (auto& each : threads)
    each.join();
}

TEST_CASE("a handler that answers too late is answered for") {
  http::server_options options;
  options.limits.answer_timeout = milliseconds(50);
  std::shared_ptr<http::responder> kept;
  const auto server = serve([&](const auto&, auto answer) { kept = answer; }, options);
  http::client client;
  const auto got = fetch(client, open(client), get(url(*server, "/")));
  CHECK(got.status == 503);
  CHECK(got.body.view() == "no answer in time\n");
  server->stop();
}

TEST_CASE("a body in pieces: in chunks, to the end, and no more than the buffer holds") {
  http::server_options options;
  options.limits.stream_buffer_bytes = 100'000;
  std::shared_ptr<http::responder> stream;
  std::atomic<bool> begun{false};
  const auto server = serve(
      [&](const auto&, auto answer) {
        answer->begin(200, "application/json", {{"X-One", "1"}});
        stream = answer;
        begun = true;
      },
      options);
  SECTION("whole") {
    http::client client;
    auto future = send(client, open(client), get(url(*server, "/")));
    REQUIRE(eventually([&] { return begun.load(); }));
    for (int i = 0; i < 100; ++i)
      CHECK(eventually([&] { return stream->send(std::string(10'000, 'x')); }));
    stream->end();
    CHECK_FALSE(stream->send("x"));
    const auto got = wait(future);
    CHECK(got.body.view() == std::string(1'000'000, 'x'));
    CHECK(got.header("transfer-encoding") == "chunked");
    CHECK(got.header("x-one") == "1");
  }
  SECTION("dropped without an end, HTTP/1.0") {
    raw_peer peer(server->port());
    peer.send("GET / HTTP/1.0\r\n\r\n");
    REQUIRE(eventually([&] { return begun.load(); }));
    CHECK(stream->send("ab"));
    CHECK(stream->send("c"));
    stream.reset();
    const auto got = peer.read_to_end();
    CHECK(got.ends_with("\r\n\r\nabc"));
    CHECK_FALSE(contains(got, "chunked"));
  }
  SECTION("a peer that reads nothing, then goes") {
    {
      raw_peer peer(server->port());
      peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      REQUIRE(eventually([&] { return begun.load(); }));
      // Fills the kernel's buffers and ours; a large piece is then refused while the peer is still there.
      CHECK(eventually(
          [&] { return !stream->send(std::string(100'000, 'x')) && !stream->send(std::string(50'000, 'x')); }));
      CHECK_FALSE(stream->send(std::string(100'001, 'x')));
    }
    CHECK(eventually([&] { return server->counts().connections == 0; }));
    CHECK_FALSE(stream->send("x"));
  }
  SECTION("a peer that goes while there is nothing to send") {
    {
      raw_peer peer(server->port());
      peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      REQUIRE(eventually([&] { return begun.load(); }));
      CHECK(stream->send("ab"));
      CHECK(contains(peer.read_until("ab"), "ab"));
      CHECK(server->counts().connections == 1);
    }
    CHECK(eventually([&] { return server->counts().connections == 0; }));
    CHECK_FALSE(stream->send("x"));
  }
  SECTION("a peer that asks for more while its stream runs") {
    raw_peer peer(server->port());
    peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(eventually([&] { return begun.load(); }));
    begun = false;
    const auto first = stream;
    CHECK(first->send("ab"));
    CHECK(contains(peer.read_until("ab"), "ab"));
    peer.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(first->send("cd"));
    CHECK(contains(peer.read_until("cd"), "cd"));
    first->end();
    REQUIRE(eventually([&] { return begun.load(); }));
    CHECK(stream->send("ef"));
    stream->end();
    CHECK(contains(peer.read_to_end(), "ef"));
  }
  server->stop(milliseconds(0));
}

TEST_CASE("at the limit a connection that waits gives way; where all are being answered the new one gets 503") {
  http::server_options options;
  options.limits.max_connections = 2;
  std::vector<std::shared_ptr<http::responder>> kept;
  const auto server = serve(
      [&](const auto& r, auto answer) {
        if (r.path == "/hold")
          kept.push_back(answer);
        else
          answer->respond(200, text, "x");
      },
      options);
  raw_peer first(server->port());
  first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  first.read_until("\r\n\r\nx");
  raw_peer second(server->port());
  second.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(eventually([&] { return server->counts().requests == 2; }));
  raw_peer third(server->port());
  third.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(first.read_to_end().empty());
  CHECK(first.closed());
  REQUIRE(eventually([&] { return server->counts().requests == 3; }));
  raw_peer fourth(server->port());
  CHECK(fourth.read_to_end().starts_with("HTTP/1.1 503"));
  CHECK(server->counts().connections_refused == 1);
  CHECK(server->counts().connections == 2);
  server->stop(milliseconds(0));
}

TEST_CASE("requests that never come whole keep nobody out, the longest waiting goes first") {
  const auto server = [] {
    http::server_options options;
    options.limits.max_connections = 3;
    return serve(echo, options);
  }();
  const char* half =
      GENERATE("GET /met", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf", "hello\r\n\r\n");
  INFO(half);
  const auto ask = [&] {
    raw_peer asking(server->port());
    asking.send("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    return asking.read_to_end();
  };
  raw_peer first(server->port());
  first.send(half);
  CHECK(ask().ends_with("GET /x\n"));  // first was read before
  raw_peer second(server->port());
  second.send(half);
  CHECK(ask().ends_with("GET /x\n"));
  raw_peer last(server->port());
  last.send("GET /la");
  CHECK(ask().ends_with("GET /x\n"));
  first.read_to_end();
  CHECK(first.closed());
  last.send("st HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(contains(last.read_until("GET /last\n"), "GET /last\n"));
  std::vector<std::unique_ptr<raw_peer>> more;
  for (int i = 0; i < 20; ++i) {
    more.push_back(std::make_unique<raw_peer>(server->port()));
    more.back()->send(half);
    if (i % 3 == 0) CHECK(ask().ends_with("GET /x\n"));
  }
  CHECK(ask().ends_with("GET /x\n"));
  CHECK(server->counts().connections_refused == 0);
  CHECK(eventually([&] { return server->counts().connections <= 3; }));
}
