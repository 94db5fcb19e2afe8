#include <functional>

#include "protocol/http/server.hpp"
#include "tests/unit/http/certificates.hpp"
#include "tests/unit/http/fetch.hpp"
#include "tests/unit/http/raw_peer.hpp"
#include "tests/temporary_directory.hpp"

using namespace troupe;
using namespace troupe::testing;
using http::failure_kind;

namespace {

struct house {
  certificate authority{"Test Authority", "", true};
  certificate other{"Another Authority", "", true};
  certificate local{"local", "DNS:localhost,IP:127.0.0.1", false, &authority};
  certificate named{"named", "DNS:collector.example", false, &authority};
  certificate client{"client", "", false, &authority};
  certificate stranger{"stranger", "", false, &other};
};

const house& certificates() {
  static const house made;
  return made;
}

http::server_tls server_side(const certificate& own) {
  return {.cert_pem = own.cert_pem(), .key_pem = own.key_pem()};
}

std::unique_ptr<http::server> serve(http::server_tls tls) {
  http::server_options options;
  options.address = "127.0.0.1:0";
  options.tls = std::move(tls);
  auto made =
      http::server::listen(options, [](const auto& r, auto answer) { answer->respond(200, "text/plain", r.path); });
  if (!made) FAIL(made.error().message);
  return std::move(*made);
}

http::response fetch_with(http::client& client, const http::server& server, http::tls_options tls,
                          const std::string& host = "127.0.0.1") {
  http::client_options options;
  options.tls = std::move(tls);
  return fetch(client, open(client, options),
               get("https://" + host + ":" + std::to_string(server.port()) + "/over-tls"));
}

bool contains(std::string_view all, std::string_view piece) {
  return all.find(piece) != std::string_view::npos;
}

}  // namespace

TEST_CASE("a client trusts whom it is told to trust, under the name it is told") {
  const auto& c = certificates();
  const auto local = serve(server_side(c.local));
  const auto named = serve(server_side(c.named));
  const auto ca = c.authority.cert_pem();
  http::client client;
  struct row {
    const char* name;
    const http::server& server;
    http::tls_options tls;
    const char* host;
    bool works;
  };
  for (const auto& [name, server, tls, host, works] : std::vector<row>{
           {"its CA", *local, {.ca_pem = ca}, "127.0.0.1", true},
           {"by DNS name", *local, {.ca_pem = ca}, "localhost", true},
           {"two CAs", *local, {.ca_pem = c.other.cert_pem() + ca}, "127.0.0.1", true},
           {"its own certificate as CA", *local, {.ca_pem = c.local.cert_pem()}, "127.0.0.1", true},
           {"another CA", *local, {.ca_pem = c.other.cert_pem()}, "127.0.0.1", false},
           {"the system's CAs", *local, {}, "127.0.0.1", false},
           {"no check", *local, {.insecure_skip_verify = true}, "127.0.0.1", true},
           {"wrong host", *named, {.ca_pem = ca}, "127.0.0.1", false},
           {"server_name", *named, {.ca_pem = ca, .server_name = "collector.example"}, "127.0.0.1", true},
           {"wrong server_name", *local, {.ca_pem = ca, .server_name = "collector.example"}, "127.0.0.1", false},
           {"server_name an address", *local, {.ca_pem = ca, .server_name = "127.0.0.1"}, "localhost", true},
           {"server_name another address", *local, {.ca_pem = ca, .server_name = "127.0.0.2"}, "127.0.0.1", false},
           {"server_name, no check",
            *local,
            {.server_name = "x.example", .insecure_skip_verify = true},
            "127.0.0.1",
            true},
           {"TLS 1.3", *local, {.ca_pem = ca, .min_version = "TLS13"}, "127.0.0.1", true},
       }) {
    INFO(name);
    const auto got = fetch_with(client, server, tls, host);
    INFO(got.error);
    CHECK(to_string(got.failure) == to_string(works ? failure_kind::none : failure_kind::tls));
    CHECK(got.body.view() == (works ? "/over-tls" : ""));
    CHECK((works || contains(got.error, "TLS: ")));
  }
}

TEST_CASE("a server asks for a client's certificate as its client_auth_type says") {
  const auto& c = certificates();
  struct row {
    const char* type;
    bool none, known, unknown;  // whether such a client may pass
  };
  http::client client;
  http::tls_options nobody{.ca_pem = c.authority.cert_pem()};
  http::tls_options known = nobody, unknown = nobody;
  known.cert_pem = c.client.cert_pem();
  known.key_pem = c.client.key_pem();
  unknown.cert_pem = c.stranger.cert_pem();
  unknown.key_pem = c.stranger.key_pem();
  for (const auto& [type, none, good, bad] : std::vector<row>{{"NoClientCert", true, true, true},
                                                              {"RequestClientCert", true, true, true},
                                                              {"RequireAnyClientCert", false, true, true},
                                                              {"VerifyClientCertIfGiven", true, true, false},
                                                              {"RequireAndVerifyClientCert", false, true, false}}) {
    INFO(type);
    auto tls = server_side(c.local);
    tls.client_auth_type = type;
    tls.client_ca_pem = c.authority.cert_pem();
    const auto server = serve(tls);
    for (const auto& [with, passes] : {std::pair{&nobody, none}, std::pair{&known, good}, std::pair{&unknown, bad}}) {
      const auto got = fetch_with(client, *server, *with);
      INFO(got.error);
      CHECK(got.ok() == passes);
      if (!passes) CHECK(to_string(got.failure) == to_string(failure_kind::tls));
    }
  }
}

TEST_CASE("TLS versions, ciphers and curves that don't meet are a failure of TLS") {
  const auto& c = certificates();
  http::client client;
  const http::tls_options trusting{.ca_pem = c.authority.cert_pem()};
  auto tls = server_side(c.local);
  tls.max_version = "TLS12";
  tls.cipher_suites = {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"};
  tls.curve_preferences = {"X25519", "CurveP256"};
  const auto old = serve(tls);
  CHECK(fetch_with(client, *old, trusting).error == "");
  auto modern = trusting;
  modern.min_version = "TLS13";
  CHECK(fetch_with(client, *old, modern).failure == failure_kind::tls);
  // A certificate with an elliptic key can't serve a suite for RSA.
  tls.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"};
  CHECK(fetch_with(client, *serve(tls), trusting).failure == failure_kind::tls);
}

TEST_CASE("server TLS options that can't work are told") {
  const auto& c = certificates();
  struct row {
    std::function<void(http::server_tls&)> spoil;
    const char* says;
  };
  for (const auto& [spoil, says] : std::vector<row>{
           {[](auto& t) { t.cert_pem.clear(); }, "needs a certificate"},
           {[](auto& t) { t.key_pem.clear(); }, "needs a key"},
           {[](auto& t) { t.cert_pem = "none"; }, "not in PEM form"},
           {[](auto& t) { t.key_pem = "none"; }, "the key is not an unencrypted PEM key"},
           {[&](auto& t) { t.key_pem = c.local.key_pem("password"); }, "the key is not an unencrypted PEM key"},
           {[&](auto& t) { t.key_pem = c.named.key_pem(); }, "the key does not belong to the certificate"},
           {[](auto& t) { t.cert_file = "/x"; }, "at most one of cert_pem and cert_file"},
           {[](auto& t) { t.key_file = "/x"; }, "at most one of key_pem and key_file"},
           {[](auto& t) { t.client_ca_file = t.client_ca_pem = "x"; },
            "at most one of client_ca_pem and client_ca_file"},
           {[](auto& t) { t.client_ca_file = "/does/not/exist"; },
            "client_ca_file: cannot open /does/not/exist: No such file"},
           {[](auto& t) { t.client_ca_pem = "none"; }, "holds no certificate"},
           {[](auto& t) { t.client_auth_type = "Please"; },
            "unknown client_auth_type \"Please\": use one of NoClientCert, "},
           {[](auto& t) { t.min_version = "SSL3"; }, "unknown min_version \"SSL3\""},
           {[](auto& t) { t.max_version = "TLS11"; }, "max_version TLS11 is below the min_version"},
           {[](auto& t) { t.cipher_suites = {"ROT13"}; }, "cipher_suites entry \"ROT13\""},
           {[](auto& t) { t.curve_preferences = {"Circle"}; }, "unknown curve_preferences entry \"Circle\""},
       }) {
    INFO(says);
    http::server_options options;
    options.address = "127.0.0.1:0";
    options.tls = server_side(c.local);
    spoil(*options.tls);
    const auto made = http::server::listen(options, [](const auto&, auto) {});
    REQUIRE_FALSE(made);
    INFO(made.error().message);
    CHECK(contains(made.error().message, says));
  }
}

TEST_CASE("a client's certificate files are read again when they change") {
  const auto& c = certificates();
  const temporary_directory directory;
  auto tls = server_side(c.local);
  tls.client_auth_type = "RequireAndVerifyClientCert";
  tls.client_ca_pem = c.authority.cert_pem();
  const auto server = serve(tls);
  http::client_options options;
  options.tls.ca_file = directory.write("ca", c.other.cert_pem());
  options.tls.cert_file = directory.write("cert", c.stranger.cert_pem());
  options.tls.key_file = directory.write("key", c.stranger.key_pem());
  http::client client;
  const auto via = open(client, options);
  const auto url = "https://" + server->address() + "/";
  CHECK(fetch(client, via, get(url)).failure == failure_kind::tls);
  directory.write("ca", c.authority.cert_pem());
  CHECK(fetch(client, via, get(url)).failure == failure_kind::tls);
  directory.write("cert", c.client.cert_pem());
  const auto between = fetch(client, via, get(url));
  CHECK(between.failure == failure_kind::invalid_request);
  CHECK(contains(between.error, "tls_config: the key does not belong to the certificate"));
  directory.write("key", c.client.key_pem());
  CHECK(fetch(client, via, get(url)).error == "");
  CHECK(fetch(client, via, get(url)).error == "");
  // The last connection is kept; the files that made it are looked at all the same.
  directory.write("ca", c.other.cert_pem());
  CHECK(fetch(client, via, get(url)).failure == failure_kind::tls);
  std::filesystem::remove(directory.file("ca"));
  CHECK(contains(fetch(client, via, get(url)).error, "tls_config: cannot open " + directory.file("ca")));
}

TEST_CASE("TLS can be put on, changed and taken off a server that runs") {
  const auto& c = certificates();
  http::server_options options;
  options.address = "127.0.0.1:0";
  const auto server =
      *http::server::listen(options, [](const auto&, auto answer) { answer->respond(200, "text/plain", "x"); });
  http::client client;
  const auto plain = "http://" + server->address() + "/";
  const auto via = open(client);
  CHECK(fetch(client, via, get(plain)).ok());
  raw_peer idle(server->port());
  idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  idle.read_until("\r\n\r\nx");

  REQUIRE(server->secure(server_side(c.local), {}));
  CHECK(idle.read_to_end().empty());
  CHECK(idle.closed());
  CHECK_FALSE(fetch(client, via, get(plain)).ok());
  CHECK(fetch_with(client, *server, {.ca_pem = c.authority.cert_pem()}).error == "");

  auto broken = server_side(c.local);
  broken.key_pem = "none";
  CHECK_FALSE(server->secure(broken, {}));
  CHECK(fetch_with(client, *server, {.ca_pem = c.authority.cert_pem()}).error == "");

  REQUIRE(server->secure(server_side(c.named), {}));
  CHECK(fetch_with(client, *server, {.ca_pem = c.authority.cert_pem()}).failure == failure_kind::tls);
  REQUIRE(server->secure({}, {}));
  CHECK(fetch(client, via, get(plain)).ok());
}

TEST_CASE("requests over TLS share a connection; a server without TLS and silence are failures") {
  const auto& c = certificates();
  const auto server = serve(server_side(c.local));
  http::client client;
  http::client_options options;
  options.tls.ca_pem = c.authority.cert_pem();
  const auto via = open(client, options);
  for (int i = 0; i < 3; ++i)
    CHECK(fetch(client, via, get("https://" + server->address() + "/")).error == "");
  CHECK(server->counts().connections_accepted == 1);

  http::server_options plain;
  plain.address = "127.0.0.1:0";
  const auto other = *http::server::listen(plain, [](const auto&, auto) {});
  CHECK(fetch(client, via, get("https://" + other->address() + "/")).failure == failure_kind::tls);
}
