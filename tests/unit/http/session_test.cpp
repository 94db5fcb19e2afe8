#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "protocol/http/server.hpp"
#include "tests/imposter.hpp"
#include "tests/unit/http/certificates.hpp"
#include "tests/unit/http/fetch.hpp"
#include "tests/temporary_directory.hpp"

using namespace troupe;
using namespace troupe::testing;
using http::client_options;
using http::failure_kind;

namespace {

bool contains(std::string_view all, std::string_view piece) {
  return all.find(piece) != std::string_view::npos;
}

script always_ok() {
  return script().serve([](const auto&) { return http_answer("200 OK", "x"); });
}

http::oauth2 good_oauth2() {
  http::oauth2 made;
  made.client_id = "id", made.client_secret = "secret", made.token_url = "https://id.example/token";
  return made;
}

/// Sets a variable of the environment as long as it lives.
struct environment {
  environment(const char* n, const std::string& value) : name(n) { setenv(name, value.c_str(), 1); }
  ~environment() { unsetenv(name); }
  const char* name;
};

}  // namespace

TEST_CASE("options that exclude each other or are malformed are told") {
  struct row {
    std::function<void(client_options&)> set;
    const char* says;  // "": fine
  };
  for (const auto& [set, says] : std::vector<row>{
           {[](auto&) {}, ""},
           {[](auto& o) { o.basic.emplace(), o.authorize.emplace(); },
            "at most one of basic_auth, authorization, oauth2"},
           {[](auto& o) {
              o.basic = http::basic_auth{"u", "x", "x"};
            },
            "password & password_file"},
           {[](auto& o) {
              o.authorize = http::authorization{"Bearer", "x", "x"};
            },
            "credentials & credentials_file"},
           {[](auto& o) { o.authorize.emplace().type = "BASIC"; }, "use \"basic_auth\" instead"},
           {[](auto& o) { o.authorize.emplace().credentials = "a\nb"; }, "control characters"},
           {[](auto& o) { o.tls.ca_file = o.tls.ca_pem = "x"; }, "at most one of ca_pem and ca_file"},
           {[](auto& o) { o.tls.cert_file = o.tls.cert_pem = "x"; }, "at most one of cert_pem and cert_file"},
           {[](auto& o) { o.tls.key_file = o.tls.key_pem = "x"; }, "at most one of key_pem and key_file"},
           {[](auto& o) { o.tls.cert_file = "x"; }, "exactly one of key_pem or key_file"},
           {[](auto& o) { o.tls.key_pem = "x"; }, "exactly one of cert_pem or cert_file"},
           {[](auto& o) { o.tls.min_version = "1.2"; }, "unknown TLS version \"1.2\""},
           {[](auto& o) { o.tls.min_version = "TLS13"; }, ""},
           {[](auto& o) { o.tls.max_version = "TLS14"; }, "unknown TLS version \"TLS14\""},
           {[](auto& o) { o.tls.max_version = "TLS11"; },
            "max_version TLS11 is below min_version TLS12, which is the default"},
           {[](auto& o) { o.tls.min_version = "TLS13", o.tls.max_version = "TLS12"; },
            "max_version TLS12 is below min_version TLS13"},
           {[](auto& o) { o.tls.min_version = o.tls.max_version = "TLS12"; }, ""},
           {[](auto& o) {
              o.tls.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ROT13"};
            },
            "unknown or unsupported cipher_suites entry \"ROT13\""},
           {[](auto& o) { o.tls.cipher_suites = {"TLS_DH_anon_WITH_AES_128_CBC_SHA"}; },
            "cipher_suites entry \"TLS_DH_anon_WITH_AES_128_CBC_SHA\""},
           {[](auto& o) { o.tls.cipher_suites = {"ECDHE-RSA-AES128-GCM-SHA256"}; }, "cipher_suites entry \"ECDHE-RSA"},
           {[](auto& o) {
              o.tls.cipher_suites = {"TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_AES_128_GCM_SHA256"};
            },
            ""},
           {[](auto& o) {
              o.tls.curve_preferences = {"P256", "Circle"};
            },
            "unknown curve_preferences entry \"Circle\": use one of X25519, P256, P384, P521"},
           {[](auto& o) { o.oauth2 = good_oauth2(); }, ""},
           {[](auto& o) { o.oauth2 = good_oauth2(), o.basic.emplace(); },
            "at most one of basic_auth, authorization, oauth2"},
           {[](auto& o) { o.oauth2 = good_oauth2(), o.oauth2->client_id.clear(); },
            "oauth2 client_id must be configured"},
           {[](auto& o) { o.oauth2 = good_oauth2(), o.oauth2->client_secret.clear(); },
            "either oauth2 client_secret or client_secret_file must be configured"},
           {[](auto& o) { o.oauth2 = good_oauth2(), o.oauth2->client_secret_file = "x"; },
            "at most one of oauth2 client_secret, client_secret_file must be configured"},
           {[](auto& o) { o.oauth2 = good_oauth2(), o.oauth2->token_url.clear(); },
            "oauth2 token_url must be configured"},
           {[](auto& o) { o.oauth2 = good_oauth2(), o.oauth2->token_url = "id.example/token"; },
            "oauth2 token_url: \"id.example/token\" is not a usable URL"},
           {[](auto& o) {
              o.oauth2 = good_oauth2(), o.oauth2->endpoint_params = {{"scope", "b"}};
            },
            ""},
           {[](auto& o) {
              o.oauth2 = good_oauth2(), o.oauth2->endpoint_params = {{"scope", "b"}}, o.oauth2->scopes = {"a"};
            },
            "must not hold \"scope\""},
           {[](auto& o) { o.oauth2 = good_oauth2(), o.oauth2->no_proxy = "a"; },
            "oauth2 if no_proxy is configured, proxy_url must also be configured"},
           {[](auto& o) { o.oauth2 = good_oauth2(), o.oauth2->tls.min_version = "1.2"; },
            "oauth2 unknown TLS version \"1.2\""},
           {[](auto& o) { o.proxy_url = "http://u:p@proxy:3128", o.no_proxy = "a,b"; }, ""},
           {[](auto& o) { o.proxy_url = "socks5://proxy:1080"; }, ""},
           {[](auto& o) { o.proxy_url = "proxy:3128"; }, "proxy_url: "},
           {[](auto& o) { o.proxy_from_environment = true, o.proxy_url = "http://p"; },
            "proxy_url must not be configured"},
           {[](auto& o) { o.proxy_from_environment = true, o.no_proxy = "a"; }, "no_proxy must not be configured"},
           {[](auto& o) { o.no_proxy = "a"; }, "proxy_url must also be configured"},
           {[](auto& o) { o.proxy_connect_header.emplace("A", "b"); }, "proxy_connect_header"},
           {[](auto& o) { o.http_headers.emplace("X-Scope-OrgID", "1"); }, ""},
           {[](auto& o) { o.http_headers.emplace("authorization", "x"); },
            "setting header \"authorization\" is not allowed"},
           {[](auto& o) { o.http_headers.emplace("Host", "x"); }, "setting header \"Host\" is not allowed"},
           {[](auto& o) { o.http_headers.emplace("A", "b\r\nC: d"); }, "header \"A\" is malformed"},
           {[](auto& o) { o.user_agent = "a\nb"; }, "user agent"},
       }) {
    client_options options;
    set(options);
    const auto checked = http::validate(options);
    INFO(says << " / " << (checked ? "fine" : checked.error().message));
    CHECK(checked.has_value() == (*says == '\0'));
    if (!checked) CHECK(contains(checked.error().message, says));
  }
}

TEST_CASE("a session whose files can't be used does not open") {
  const temporary_directory directory;
  http::client client;
  const certificate self("self");
  struct row {
    std::function<void(client_options&)> set;
    std::string says;
  };
  const auto missing = directory.file("missing");
  for (const auto& [set, says] : std::vector<row>{
           {[](auto& o) { o.no_proxy = "a"; }, "proxy_url must also be configured"},
           {[&](auto& o) { o.oauth2 = good_oauth2(), o.oauth2->tls.ca_file = missing; },
            "oauth2: tls_config: cannot open " + missing},
           {[&](auto& o) { o.tls.ca_file = missing; }, "tls_config: cannot open " + missing},
           {[&](auto& o) { o.tls.ca_file = directory.write("ca", "x"); }, "holds no certificate"},
           {[&](auto& o) { o.tls.ca_file = directory.write("empty", ""); }, "is empty"},
           {[&](auto& o) { o.tls.cert_pem = self.cert_pem(), o.tls.key_pem = "x"; }, "not an unencrypted PEM key"},
       }) {
    client_options options;
    set(options);
    const auto made = client.open(options);
    REQUIRE_FALSE(made);
    INFO(made.error().message);
    CHECK(contains(made.error().message, says));
  }
}

TEST_CASE("credentials go out; from files, as they are at that moment") {
  const temporary_directory directory;
  imposter server(always_ok());
  http::client client;
  const auto header_with = [&](const std::shared_ptr<http::session>& via) {
    CHECK(fetch(client, via, get(server.url())).error == "");
    const auto request = server.requests().back();
    const auto at = request.find("Authorization: ");
    return at == std::string::npos ? std::string() : request.substr(at + 15, request.find("\r\n", at) - at - 15);
  };
  client_options options;
  CHECK(header_with(open(client, options)).empty());
  options.basic = http::basic_auth{.username = "Aladdin", .password = "open sesame"};
  CHECK(header_with(open(client, options)) == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  options.basic =
      http::basic_auth{.username = "Aladdin", .password_file = directory.write("password", "open sesame\n")};
  CHECK(header_with(open(client, options)) == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  options.basic.reset();
  options.authorize = http::authorization{.type = "Token", .credentials = "abc"};
  CHECK(header_with(open(client, options)) == "Token abc");
  options.authorize = http::authorization{.credentials_file = directory.write("token", " first \n")};
  const auto via = open(client, options);
  CHECK(header_with(via) == "Bearer first");
  directory.write("token", "other");
  CHECK(header_with(via) == "Bearer other");
  std::filesystem::remove(directory.file("token"));
  const auto got = fetch(client, via, get(server.url()));
  CHECK(got.failure == failure_kind::invalid_request);
  CHECK(contains(got.error, "file of the credentials: cannot open"));

  auto own = get(server.url());
  own.headers = {{"authorization", "Own 1"}};
  directory.write("token", "other");
  CHECK(fetch(client, via, own).ok());
  CHECK(contains(server.requests().back(), "authorization: Own 1\r\n"));
  CHECK_FALSE(contains(server.requests().back(), "Bearer"));
}

TEST_CASE("a secret whose file can't be used fails requests until it can; the session opens all the same") {
  const temporary_directory directory;
  imposter server(always_ok());
  http::client client;
  const auto missing = directory.file("missing");
  struct row {
    std::function<void(client_options&)> set;
    std::string says;
  };
  for (const auto& [set, says] : std::vector<row>{
           {[&](auto& o) { o.basic.emplace().password_file = missing; },
            "password_file: cannot open " + missing + ": No such file"},
           {[&](auto& o) { o.authorize.emplace().credentials_file = "/"; }, "cannot read /: Is a directory"},
           {[&](auto& o) { o.authorize.emplace().credentials_file = directory.write("two", "a\nb\n"); },
            "not one secret"},
           {[&](auto& o) {
              o.authorize.emplace().credentials_file = directory.write("big", std::string(2 << 20, 'x'));
            },
            "larger than 1 MiB"},
           {[&](auto& o) {
              o.oauth2 = good_oauth2(), o.oauth2->client_secret.clear(), o.oauth2->client_secret_file = missing;
            },
            "oauth2: client_secret_file: cannot open " + missing},
       }) {
    client_options options;
    set(options);
    const auto got = fetch(client, open(client, options), get(server.url()));
    INFO(got.error);
    CHECK_FALSE(got.ok());
    CHECK(contains(got.error, says));
  }
  CHECK(server.requests().empty());

  client_options options;
  options.basic = http::basic_auth{.username = "a", .password_file = missing};
  const auto via = open(client, options);
  CHECK_FALSE(fetch(client, via, get(server.url())).ok());
  directory.write("missing", "b");
  CHECK(fetch(client, via, get(server.url())).ok());
}

TEST_CASE("headers of the configuration go out with every request") {
  imposter server(always_ok());
  http::client client;
  client_options options;
  options.http_headers = {{"X-Scope-OrgID", "1"}, {"X-Two", "a"}, {"X-Two", "b"}, {"X-Empty", ""}};
  const auto via = open(client, options);
  for (int i = 0; i < 2; ++i) {
    auto what = get(server.url());
    if (i == 1) what.headers = {{"X-Own", "c"}};
    CHECK(fetch(client, via, what).ok());
    const auto request = server.requests().back();
    for (const auto* line : {"X-Scope-OrgID: 1\r\n", "X-Two: a\r\n", "X-Two: b\r\n", "X-Empty:\r\n"})
      CHECK(contains(request, line));
    CHECK(contains(request, "X-Own: c\r\n") == (i == 1));
  }
}

TEST_CASE("a proxy is asked where the options say so, and only there") {
  imposter proxy(always_ok());
  imposter server(always_ok());
  http::client client;
  client_options options;
  options.proxy_url = "http://user:pass@" + proxy.address();
  CHECK(fetch(client, open(client, options), get("http://far.invalid/x")).ok());
  CHECK(contains(proxy.requests().back(), "GET http://far.invalid/x HTTP/1.1\r\n"));
  CHECK(contains(proxy.requests().back(), "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"));
  options.no_proxy = "other.invalid,127.0.0.0/8";
  CHECK(fetch(client, open(client, options), get(server.url())).ok());
  CHECK(server.requests().size() == 1);

  const environment http_proxy("HTTP_PROXY", "http://" + proxy.address());
  CHECK(fetch(client, open(client), get("http://far.invalid/x")).failure == failure_kind::dns);
  const environment lower("http_proxy", "http://" + proxy.address());
  CHECK(fetch(client, open(client), get("http://far.invalid/x")).failure == failure_kind::dns);
  options = {};
  options.proxy_from_environment = true;
  const auto before = proxy.requests().size();
  CHECK(fetch(client, open(client, options), get("http://far.invalid/x")).ok());
  CHECK(proxy.requests().size() == before + 1);
  CHECK(fetch(client, open(client, options), get(server.url())).ok());
  CHECK(proxy.requests().size() == before + 1);
  const environment no_proxy("NO_PROXY", "far.invalid");
  CHECK(fetch(client, open(client, options), get("http://far.invalid/x")).failure == failure_kind::dns);
}

TEST_CASE("https goes through a proxy's tunnel, with the headers that are for the proxy alone") {
  imposter proxy(script().serve([](const auto&) { return http_answer("403 Forbidden", "no"); }));
  http::client client;
  client_options options;
  options.proxy_url = "http://" + proxy.address();
  options.proxy_connect_header = {{"X-Proxy", "1"}};
  options.http_headers = {{"X-Server", "1"}};
  const auto got = fetch(client, open(client, options), get("https://far.invalid/x"));
  CHECK(to_string(got.failure) == to_string(failure_kind::refused));
  CHECK(contains(got.error, "403"));
  const auto request = proxy.requests().back();
  CHECK(contains(request, "CONNECT far.invalid:443 HTTP/1.1\r\n"));
  CHECK(contains(request, "X-Proxy: 1\r\n"));
  CHECK_FALSE(contains(request, "X-Server"));
}

TEST_CASE("a request can go to a unix socket, and the next one not") {
  const temporary_directory directory;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  directory.file("socket").copy(address.sun_path, sizeof address.sun_path - 1);
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(listen(listener, 1) == 0);
  std::thread answering([listener] {
    const int peer = accept(listener, nullptr, nullptr);
    char request[4096];
    [[maybe_unused]] const auto count = recv(peer, request, sizeof request, 0);
    const auto answer = http_answer("200 OK", "by socket");
    [[maybe_unused]] const auto sent = ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
    close(peer);
  });
  imposter server(always_ok());
  http::client client;
  const auto via = open(client);
  auto what = get(server.url());
  what.unix_socket = directory.file("socket");
  CHECK(fetch(client, via, what).body.view() == "by socket");
  CHECK(fetch(client, via, get(server.url())).body.view() == "x");
  answering.join();
  close(listener);
}
