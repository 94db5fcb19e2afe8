// Targets and backends that misbehave: their scrape fails and says why, memory stays bounded, others go on in time.

#include <zlib.h>

#include <map>
#include <nlohmann/json.hpp>

#include "protocol/telemetry/value.hpp"
#include "tests/catch.hpp"
#include "tests/imposter.hpp"
#include "tests/process/world.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

std::string page_of(const std::string& body, const std::string& headers = "") {
  return http_answer("200 OK", body, "Content-Type: text/plain; version=0.0.4\r\n" + headers);
}

std::string gzip_of_zeros(std::size_t size) {
  const std::string zeros(size, '#');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, zeros.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zeros.data()));
  stream.avail_in = static_cast<uInt>(zeros.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// last_error of each target by its URL's address.
std::map<std::string, std::string> errors_of(const collector& troupe) {
  std::map<std::string, std::string> errors;
  const auto component = nlohmann::json::parse(get(troupe.url("/api/v0/web/components/prometheus.scrape.t")).body);
  for (const auto& target : component["debugInfo"]) {
    std::string url, error;
    for (const auto& one : target["body"]) {
      if (one["name"] == "url") url = one["value"]["value"];
      if (one["name"] == "last_error") error = one["value"]["value"];
    }
    errors[url.substr(7, url.find('/', 7) - 7)] = error;
  }
  return errors;
}

std::string scraping(const std::vector<std::string>& targets, const std::string& to, const std::string& more = "") {
  std::string list;
  for (const auto& one : targets)
    list += "{\"__address__\" = \"" + one + "\"}, ";
  return "prometheus.scrape \"t\" {\n  targets = [" + list +
         "]\n  forward_to = [prometheus.remote_write.t.receiver]\n"
         "  scrape_interval = \"500ms\"\n  scrape_timeout = \"400ms\"\n" +
         more + "}\nprometheus.remote_write \"t\" {\n  endpoint {\n    url = \"" + to +
         "\"\n    queue_config {\n      batch_send_deadline = \"100ms\"\n    }\n  }\n}\n";
}

}  // namespace

TEST_CASE("targets of every bad kind fail with a reason, beside one that is good") {
  struct bad {
    const char* name;
    script does;
    const char* says;  ///< part of the error
  };
  const std::string nul = std::string("a 1\nb\0c 2\n", 10);
  const std::vector<bad> all{
      {"hangs", script().request().hang(), "time"},
      {"resets", script().request().reset(), "reset"},
      {"redirects for ever",
       script().serve([](const auto&) { return http_answer("302 Found", "", "Location: /again\r\n"); }), "redirect"},
      {"sends half a page",
       script().request().send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\na 1\n"), ""},
      {"drips",
       script()
           .request()
           .send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n")
           .drip(std::string(1000, 'a'), 300ms),
       "time"},
      {"sends a gzip bomb", script().request().send(page_of(gzip_of_zeros(200 << 20), "Content-Encoding: gzip\r\n")),
       ""},
      {"sends one line of 100 MB",
       script()
           .request()
           .send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 104857600\r\n\r\n")
           .repeat(std::string(1 << 20, 'a'), 100),
       ""},
      {"sends invalid UTF-8", script().serve([](const auto&) { return page_of("a{x=\"\xff\xfe\"} 1\n"); }), "UTF-8"},
      {"sends garbage for chunk sizes",
       script().request().send(
           "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\na 1\n"),
       ""},
      {"answers 404", script().serve([](const auto&) { return http_answer("404 Not Found", "no"); }), "404 Not Found"},
      {"sends HTML",
       script().serve([](const auto&) { return http_answer("200 OK", "<html>", "Content-Type: text/html\r\n"); }), ""},
      {"speaks no HTTP", script().request().send("hello\n"), ""},
  };
  std::vector<std::unique_ptr<imposter>> imposters;
  std::vector<std::string> addresses;
  for (const auto& one : all) {
    imposters.push_back(std::make_unique<imposter>());
    imposters.back()->always(one.does);
    addresses.push_back("127.0.0.1:" + std::to_string(imposters.back()->port()));
  }
  target good([](int number) { return "good " + std::to_string(number) + "\n"; });
  addresses.push_back(good.address());
  backend to;
  collector troupe(scraping(addresses, to.url()));
  troupe.ready();
  REQUIRE(eventually([&] { return to.samples_of("\"good\"").size() >= 8; }, 60s));
  const auto resident = troupe.program().resident_bytes();
  CHECK(resident < std::size_t{400} << 20);  // a page may have 64 MiB
  const auto received = to.samples_of("\"good\"");
  for (std::size_t i = 0; i < received.size(); ++i)
    CHECK(received[i].value == static_cast<double>(i + 1));
  const auto errors = errors_of(troupe);
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO(all[i].name << ": " << errors.at(addresses[i]));
    CHECK_FALSE(errors.at(addresses[i]).empty());
    CHECK(errors.at(addresses[i]).find(all[i].says) != std::string::npos);
    const auto up = to.samples_of("\"up\", instance=\"" + addresses[i] + "\"");
    CHECK_FALSE(up.empty());
    for (const auto& one : up)
      CHECK(one.value == 0);
  }
  CHECK(errors.at(addresses.back()).empty());
  CHECK(troupe.program().running());
}

TEST_CASE("pages that are odd but right, and limits") {
  target doubled([](int) { return "a 1\na 2\nb 3\n"; });
  target many([](int) {
    std::string page;
    for (int i = 0; i < 200; ++i)
      page += "m{i=\"" + std::to_string(i) + "\"} 1\n";
    return page;
  });
  backend to;
  collector troupe(scraping({doubled.address(), many.address()}, to.url(), "  sample_limit = 100\n"));
  troupe.ready();
  REQUIRE(eventually([&] {
    return to.samples_of("\"b\"").size() >= 2 && to.samples_of("instance=\"" + many.address() + "\"").size() >= 5;
  }));
  CHECK(to.samples_of("{__name__=\"a\"").front().value == 1);
  CHECK(to.samples_of("{__name__=\"m\"").empty());
  CHECK(errors_of(troupe).at(many.address()).find("sample limit") != std::string::npos);
  CHECK(troupe.metric("prometheus_target_scrapes_exceeded_sample_limit_total") > 0);
  CHECK(troupe.metric("prometheus_target_scrapes_sample_duplicate_timestamp_total") > 0);
}

TEST_CASE("a backend that closes half way, hangs, or sends a page instead of an answer: tried again, nothing lost") {
  target page([](int number) { return "n " + std::to_string(number) + "\n"; });
  imposter wall;
  wall.always(script().request().send("HTTP/1.1 204 No"));
  collector troupe(scraping({page.address()}, "http://127.0.0.1:" + std::to_string(wall.port()) + "/write"));
  troupe.ready();
  REQUIRE(eventually([&] { return troupe.metric("prometheus_remote_storage_samples_retried_total") > 0; }));
  CHECK(get(troupe.url("/-/healthy")).status == 500);
  CHECK(troupe.metric("prometheus_remote_storage_samples_total") == 0);
  backend good;
  troupe.configure(scraping({page.address()}, good.url()));
  CHECK(post(troupe.url("/-/reload")).status == 200);
  REQUIRE(eventually([&] { return good.samples_of("\"n\"").size() >= 3; }));
}
