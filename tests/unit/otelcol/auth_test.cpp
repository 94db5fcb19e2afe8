#include <algorithm>
#include <fstream>

#include "actors/otelcol/auth/basic.hpp"
#include "actors/otelcol/auth/bearer.hpp"
#include "actors/otelcol/auth/headers.hpp"
#include "actors/otelcol/auth/oauth2.hpp"
#include "actors/otelcol/otlp/otlp.hpp"
#include "tests/catch.hpp"
#include "tests/temporary_directory.hpp"
#include "tests/unit/otelcol/written.hpp"

using namespace troupe;
using namespace troupe::otelcol;
using namespace troupe::otelcol::auth;
using namespace std::chrono_literals;
using troupe::testing::written;

namespace {

using basic = written<basic_arguments>;
using bearer = written<bearer_arguments>;
using headers = written<headers_arguments>;
using oauth2 = written<oauth2_arguments>;

template <class Arguments>
request_headers applied(const written<Arguments>& to, request_headers these) {
  const handler_of<Arguments> handler(*to);
  static_cast<const auth::handler&>(handler).prepare(these);
  return these;
}

template <class Arguments>
result<http::client_options> options_of(const Arguments& from) {
  const handler_of<Arguments> handler(from);
  http::client_options made;
  if (const auto ok = static_cast<const auth::handler&>(handler).prepare(made); !ok) return tl::unexpected(ok.error());
  return made;
}

}  // namespace

TEST_CASE("basic authentication: whoever the block names, else the arguments") {
  const basic plain(basic_schema(), "username = \"u\"\npassword = \"p\"");
  INFO(plain.complaints());
  REQUIRE(plain);
  auto options = options_of(*plain);
  REQUIRE(options);
  CHECK(options->basic->username == "u");
  CHECK(options->basic->password == "p");
  // What the exporter itself says of it does not count any more.
  CHECK(applied(plain, {{"authorization", "other"}, {"x", "y"}}) == request_headers{{"x", "y"}});

  const basic both(basic_schema(),
                   "username = \"u\"\npassword = \"p\"\nclient_auth {\n  username = \"v\"\n  password = "
                   "secret\n  password_file = \"/f\"\n}");
  INFO(both.complaints());
  REQUIRE(both);
  options = options_of(*both);
  REQUIRE(options);
  CHECK(options->basic->username == "v");
  CHECK(options->basic->password.empty());
  CHECK(options->basic->password_file == "/f");
  CHECK(both.json().find("hidden") == std::string::npos);
}

TEST_CASE("a user name from a file is read with the handler; one that can't be read sends nothing") {
  testing::temporary_directory files;
  std::ofstream(files.file("name")) << "  user\n";
  basic_arguments from;
  from.client_auth = basic_credentials{"", {"p"}, files.file("name"), ""};
  CHECK(from.files() == std::vector<std::string>{files.file("name")});
  auto options = options_of(from);
  REQUIRE(options);
  CHECK(options->basic->username == "user");
  const handler_of<basic_arguments> before(from), same(from);
  CHECK(before.equals(same));
  std::ofstream(files.file("name")) << "other";
  CHECK_FALSE(before.equals(handler_of<basic_arguments>(from)));
  std::ofstream(files.file("name")) << "a:b";
  CHECK_FALSE(options_of(from));
  from.client_auth->username_file = files.file("none");
  options = options_of(from);
  REQUIRE_FALSE(options);
  CHECK(options.error().message.find("username_file: ") == 0);
  CHECK(handler_of<basic_arguments>(from).trouble() == options.error().message);
}

TEST_CASE("what basic authentication refuses") {
  CHECK(basic(basic_schema(), "").complains("no credential source provided"));
  CHECK(basic(basic_schema(), "username = \"u\"").complains("no password provided"));
  CHECK(basic(basic_schema(), "username = \"u:v\"\npassword = \"p\"").complains("must not contain"));
  CHECK(basic(basic_schema(), "client_auth { }").complains("no username provided"));
  CHECK(basic(basic_schema(), "htpasswd { inline = \"u:p\" }").complains("block \"htpasswd\" is not supported yet"));
}

TEST_CASE("a bearer token in the header that is named") {
  const bearer plain(bearer_schema(), "token = secret");
  INFO(plain.complaints());
  REQUIRE(plain);
  CHECK(applied(plain, {{"AUTHORIZATION", "x"}}) == request_headers{{"Authorization", "Bearer hidden"}});
  CHECK(plain.json().find("hidden") == std::string::npos);
  const bearer other(bearer_schema(), "token = \"t\"\nscheme = \"\"\nheader = \"X-Token\"");
  REQUIRE(other);
  CHECK(applied(other, {{"a", "b"}}) == request_headers{{"a", "b"}, {"X-Token", "t"}});
  CHECK(bearer(bearer_schema(), "").complains("missing required attribute \"token\""));
  CHECK(bearer(bearer_schema(), "token = \"a\\nb\"").complains("token must not contain control characters"));
  CHECK(bearer(bearer_schema(), "token = \"t\"\nheader = \"Content-Type\"").complains("is reserved"));
}

TEST_CASE("headers are inserted, updated and deleted as their actions say") {
  const auto change = [](const std::string& action, const std::string& key) {
    return "header {\n  key = \"" + key + "\"\n  action = \"" + action + "\"\n  value = \"new\"\n}\n";
  };
  const headers all(headers_schema(), change("insert", "a") + change("INSERT", "b") + change("update", "C") +
                                          change("update", "d") + change("upsert", "e") + change("upsert", "f") +
                                          "header {\n  key = \"g\"\n  action = \"delete\"\n}");
  INFO(all.complaints());
  REQUIRE(all);
  auto made = applied(all, {{"a", "old"}, {"c", "old"}, {"e", "old"}, {"e", "older"}, {"g", "old"}});
  std::sort(made.begin(), made.end());
  CHECK(made == request_headers{{"C", "new"}, {"a", "old"}, {"b", "new"}, {"e", "new"}, {"f", "new"}});

  const headers hidden(headers_schema(), "header {\n  key = \"k\"\n  value = secret\n}");
  REQUIRE(hidden);
  CHECK(applied(hidden, {}) == request_headers{{"k", "hidden"}});
  CHECK(hidden.json().find("hidden") == std::string::npos);
  CHECK(all.json().find("new") != std::string::npos);
}

TEST_CASE("what headers refuse") {
  const auto refuses = [](const std::string& header, const std::string& why) {
    const headers one(headers_schema(), "header {\n" + header + "\n}");
    INFO(one.complaints());
    CHECK(one.complains(why));
  };
  refuses("key = \"\"\nvalue = \"v\"", "key must be set to a non-empty string");
  refuses("key = \"k\"", "value must be provided");
  refuses("key = \"k\"\nvalue = \"v\"\naction = \"copy\"", "unknown action copy");
  refuses("key = \"te\"\nvalue = \"v\"", "is reserved");
  refuses("key = \"k k\"\nvalue = \"v\"", "is no valid header");
  refuses("key = \"k\"\nvalue = \"a\\nb\"", "must not contain control characters");
  refuses("key = \"k\"\nfrom_context = \"c\"", "\"from_context\" is not supported yet");
  refuses("key = \"k\"\nfrom_attribute = \"c\"", "\"from_attribute\" is not supported yet");
}

TEST_CASE("OAuth 2.0 as the HTTP client takes it") {
  const oauth2 one(oauth2_schema(), R"(client_id = "i"
client_secret = secret
token_url = "https://127.0.0.1:1/token"
scopes = ["a", "b"]
endpoint_params = {"p" = ["1", "2"]}
timeout = "2s"
tls {
  server_name = "s"
})");
  INFO(one.complaints());
  REQUIRE(one);
  const auto options = options_of(*one);
  REQUIRE(options);
  const auto& made = *options->oauth2;
  CHECK(made.client_id == "i");
  CHECK(made.client_secret == "hidden");
  CHECK(made.token_url == "https://127.0.0.1:1/token");
  CHECK(made.scopes == std::vector<std::string>{"a", "b"});
  CHECK(made.endpoint_params == std::multimap<std::string, std::string>{{"p", "1"}, {"p", "2"}});
  CHECK(made.timeout == 2s);
  CHECK(made.expiry_buffer == 5min);
  CHECK(made.tls.server_name == "s");
  CHECK(one.json().find("hidden") == std::string::npos);

  testing::temporary_directory files;
  std::ofstream(files.file("id")) << "from-file\n";
  auto from = *one;
  from.client_id_file = files.file("id");
  CHECK(options_of(from)->oauth2->client_id == "from-file");
}

TEST_CASE("what OAuth 2.0 refuses") {
  const auto refuses = [](const std::string& text, const std::string& why) {
    const oauth2 one(oauth2_schema(), text);
    INFO(one.complaints());
    CHECK(one.complains(why));
  };
  const std::string good = "client_id = \"i\"\nclient_secret = \"s\"\ntoken_url = \"http://h/token\"\n";
  CHECK(oauth2(oauth2_schema(), good));
  refuses("client_secret = \"s\"\ntoken_url = \"http://h/token\"", "no ClientID provided");
  refuses("client_id = \"i\"\ntoken_url = \"http://h/token\"", "no ClientSecret provided");
  refuses("client_id = \"i\"\nclient_secret = \"s\"", "missing required attribute \"token_url\"");
  refuses("client_id = \"i\"\nclient_secret = \"s\"\ntoken_url = \"h\"", "token_url");
  refuses(good + "grant_type = \"urn:ietf:params:oauth:grant-type:jwt-bearer\"", "\"grant_type\" is not supported yet");
  refuses(good + "claims = {\"a\" = 1}", "\"claims\" is not supported yet");
  refuses(good + "client_certificate_key = secret", "\"client_certificate_key\" is not supported yet");
}

TEST_CASE("an exporter takes a handler and nothing else, and a handler that says the same changes nothing") {
  const bearer token(bearer_schema(), "token = secret");
  const auto handler = [](const written<bearer_arguments>& from) {
    return config::value(std::shared_ptr<const config::capsule>(std::make_shared<handler_of<bearer_arguments>>(*from)));
  };
  using exporter = written<exporting_otlp::arguments>;
  const std::string text = "client {\n  endpoint = \"h:1\"\n  auth = auth\n}";
  const exporter one(exporting_otlp::schema(), text, handler(token));
  INFO(one.complaints());
  REQUIRE(one);
  CHECK(one->client.auth.to);
  CHECK(one.json().find("hidden") == std::string::npos);
  CHECK(one.json().find("capsule(\\\"auth.Handler\\\")") != std::string::npos);
  CHECK(*one == *exporter(exporting_otlp::schema(), text, handler(token)));
  const bearer other(bearer_schema(), "token = \"other\"");
  CHECK_FALSE(*one == *exporter(exporting_otlp::schema(), text, handler(other)));
  const exporter none(exporting_otlp::schema(), text);
  CHECK((none && !none->client.auth.to));
  CHECK(exporter(exporting_otlp::schema(), text, "name").complains("should be capsule, got string"));
  const exporter wrong(exporting_otlp::schema(), text, config::make_secret("s"));
  INFO(wrong.complaints());
  CHECK(wrong.complains("expected capsule(\"auth.Handler\"), got capsule(\"alloytypes.Secret\")"));
  CHECK(wrong.complains("test:4"));
}
