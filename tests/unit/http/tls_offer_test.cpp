#include <cstdlib>

#include "tests/temporary_directory.hpp"
#include "tests/unit/http/fetch.hpp"
#include "tests/unit/http/tls_peer.hpp"

using namespace troupe;
using namespace troupe::testing;
using http::failure_kind;

namespace {

const certificate& authority() {
  static const certificate made("Test Authority", "", true);
  return made;
}

const certificate& local() {
  static const certificate made("local", "DNS:localhost,IP:127.0.0.1", false, &authority());
  return made;
}

http::response fetch_with(http::client& client, const tls_peer& server, http::tls_options tls) {
  http::client_options options;
  options.tls = std::move(tls);
  return fetch(client, open(client, options), get(server.url()));
}

http::tls_options trusting() {
  http::tls_options made;
  made.ca_pem = authority().cert_pem();
  return made;
}

}  // namespace

TEST_CASE("a client offers no newer version of TLS than it may") {
  const tls_peer server(local());
  http::client client;
  struct row {
    const char *least, *most, *agreed;
  };
  for (const auto& [least, most, agreed] :
       {row{"", "", "TLSv1.3 "}, row{"", "TLS13", "TLSv1.3 "}, row{"", "TLS12", "TLSv1.2 "},
        row{"TLS10", "TLS12", "TLSv1.2 "}, row{"TLS10", "TLS11", "TLSv1.1 "}, row{"TLS10", "TLS10", "TLSv1 "}}) {
    INFO(least << " to " << most);
    auto tls = trusting();
    tls.min_version = least, tls.max_version = most;
    const auto got = fetch_with(client, server, tls);
    CHECK(got.error == "");
    CHECK(got.body.view().starts_with(agreed));
  }
}

TEST_CASE("a client offers the cipher suites that are named, and those of TLS 1.3 as they are") {
  const tls_peer server(local());
  http::client client;
  auto tls = trusting();
  tls.max_version = "TLS12";
  struct row {
    const char *named, *agreed;
  };
  for (const auto& [named, agreed] :
       {row{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", " ECDHE-ECDSA-AES128-GCM-SHA256 "},
        row{"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", " ECDHE-ECDSA-AES256-GCM-SHA384 "},
        row{"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", " ECDHE-ECDSA-CHACHA20-POLY1305 "},
        row{"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", " ECDHE-ECDSA-AES128-SHA "}}) {
    INFO(named);
    // The other one needs a key of RSA, which the server hasn't.
    tls.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", named};
    const auto got = fetch_with(client, server, tls);
    CHECK(got.error == "");
    CHECK(got.body.view().find(agreed) != std::string_view::npos);
  }
  tls.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"};
  CHECK(to_string(fetch_with(client, server, tls).failure) == "tls");
  tls.max_version.clear();
  CHECK(fetch_with(client, server, tls).body.view().starts_with("TLSv1.3 "));
  tls.max_version = "TLS12";
  tls.cipher_suites = {"TLS_AES_128_GCM_SHA256"};
  CHECK(fetch_with(client, server, tls).body.view().starts_with("TLSv1.2 "));
}

TEST_CASE("a client offers the curves that are named") {
  const tls_peer server(local());
  http::client client;
  struct row {
    const char *named, *agreed;
  };
  for (const auto& [named, agreed] :
       {row{"X25519", " X25519"}, row{"P256", " prime256v1"}, row{"P384", " secp384r1"}, row{"P521", " secp521r1"}}) {
    for (const auto* most : {"TLS12", "TLS13"}) {
      INFO(named << " " << most);
      auto tls = trusting();
      tls.curve_preferences = {named};
      // Before TLS 1.3 the certificate's own curve must be among them.
      if (most == std::string_view("TLS12")) tls.curve_preferences.emplace_back("P256");
      tls.max_version = most;
      const auto got = fetch_with(client, server, tls);
      CHECK(got.error == "");
      CHECK(got.body.view().ends_with(agreed));
    }
  }
}

TEST_CASE("the system's authorities are trusted beside the one that is given where that is said") {
  const temporary_directory directory;
  const certificate other("Another Authority", "", true);
  const tls_peer server(local());
  http::client client;
  // OpenSSL's name for where the system's are, read when they are needed.
  setenv("SSL_CERT_FILE", directory.write("system", authority().cert_pem()).c_str(), 1);
  http::tls_options tls;
  tls.ca_pem = other.cert_pem();
  CHECK(to_string(fetch_with(client, server, tls).failure) == "tls");
  tls.system_roots_too = true;
  CHECK(fetch_with(client, server, tls).error == "");
  unsetenv("SSL_CERT_FILE");
  // The one that is given is still trusted.
  tls.ca_pem = authority().cert_pem();
  CHECK(fetch_with(client, server, tls).error == "");
}
