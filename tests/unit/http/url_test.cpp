#include "protocol/http/url.hpp"

#include "tests/catch.hpp"

using namespace troupe;
using http::query_parameters;

TEST_CASE("a URL in its parts, and composed again") {
  const auto parsed = http::parse_url("HTTPS://user:p%40ss@[::1]:9090/a%20b/../c?x=1&y#top");
  REQUIRE(parsed);
  CHECK(parsed->scheme == "https");
  CHECK(parsed->user == "user");
  CHECK(parsed->password == "p%40ss");
  CHECK(parsed->host == "[::1]");
  CHECK(parsed->port == 9090);
  CHECK(parsed->path == "/a%20b/../c");
  CHECK(parsed->query == "x=1&y");
  CHECK(parsed->fragment == "top");
  CHECK(parsed->text() == "https://user:p%40ss@[::1]:9090/a%20b/../c?x=1&y#top");
  CHECK(parsed->text(false) == "https://[::1]:9090/a%20b/../c?x=1&y#top");

  struct row {
    const char* text;
    std::uint16_t port;
    const char* composed;
  };
  for (const auto& [text, port, composed] : std::vector<row>{{"http://host", 80, "http://host/"},
                                                             {"https://host", 443, "https://host/"},
                                                             {"http://host:80/x?", 80, "http://host:80/x"},
                                                             {"http://user@host/", 80, "http://user@host/"},
                                                             {"http://a.b-c.d:1/?q", 1, "http://a.b-c.d:1/?q"}}) {
    const auto each = http::parse_url(text);
    INFO(text);
    REQUIRE(each);
    CHECK(each->port == port);
    CHECK(each->text() == composed);
  }
}

TEST_CASE("what is no usable URL is told, without its password") {
  for (const auto* text : {"", "host", "host:80", "/path", "ftp://host/", "http://", "http:///path",
                           "http://host:port/", "http://host:65536/", "http://ho st/", "http://host/a b",
                           "http://host/\n", "http://[::1/", "http://user:secret@host:port/"}) {
    const auto parsed = http::parse_url(text);
    INFO(text);
    REQUIRE_FALSE(parsed);
    INFO(parsed.error().message);
    CHECK(parsed.error().message.find("is not a usable URL: ") != std::string::npos);
    CHECK(parsed.error().message.find("secret") == std::string::npos);
  }
  CHECK_FALSE(http::parse_url("http://host/" + std::string(8000, 'x')));
  CHECK(http::redacted_url("http://user:secret@host/x") == "http://host/x");
  CHECK(http::redacted_url("http://user:sec@ret@host:port") == "host:port");
}

TEST_CASE("scrape URLs are composed as Go composes them") {
  struct row {
    const char *scheme, *address, *path;
    query_parameters parameters;
    const char* url;  // "": refused
  };
  for (const auto& [scheme, address, path, parameters, url] : std::vector<row>{
           {"http", "host:9100", "/metrics", {}, "http://host:9100/metrics"},
           {"https", "host", "metrics", {}, "https://host/metrics"},
           {"http", "[::1]:9100", "", {}, "http://[::1]:9100/"},
           {"http", "h", "/a b?c%d", {}, "http://h/a%20b%3Fc%25d"},
           {"http", "h", "/$&+,/:;=@~!*'()é", {}, "http://h/$&+,/:;=@~%21%2A%27%28%29%C3%A9"},
           {"http",
            "h",
            "/p",
            {{"target", "a b&c=d"}, {"module", "x"}, {"target", "2"}},
            "http://h/p?module=x&target=a+b%26c%3Dd&target=2"},
           {"http",
            "h",
            "/p",
            {{"match[]", "{__name__=~\"a+\"}"}},
            "http://h/p?match%5B%5D=%7B__name__%3D~%22a%2B%22%7D"},
           {"ftp", "h", "/p", {}, ""},
           {"http", "", "/p", {}, ""},
           {"http", "h/x", "/p", {}, ""},
           {"http", "user@h", "/p", {}, ""},
           {"http", "h?x", "/p", {}, ""},
           {"http", "a b", "/p", {}, ""},
           {"http", "h:99999", "/p", {}, ""},
       }) {
    const auto composed = http::compose_url(scheme, address, path, parameters);
    INFO(scheme << " " << address << " " << path);
    CHECK(composed.has_value() == (*url != '\0'));
    if (composed) CHECK(*composed == url);
  }
}

TEST_CASE("queries are encoded and decoded") {
  const query_parameters odd = {{"", "x"}, {"a", ""}, {"a&=+%", std::string("\0\xff \n", 4)}, {"b", "~-_."}};
  CHECK(http::encode_query(odd) == "=x&a=&a%26%3D%2B%25=%00%FF+%0A&b=~-_.");
  CHECK(http::decode_query(http::encode_query(odd)) == odd);
  CHECK(http::decode_query("&&a&b=1=2&%zz=%4&") == query_parameters{{"a", ""}, {"b", "1=2"}, {"%zz", "%4"}});
  CHECK(http::percent_encode("a/b c") == "a%2Fb%20c");
  CHECK(http::percent_decode("a%2fb+c%") == "a/b+c%");
}
