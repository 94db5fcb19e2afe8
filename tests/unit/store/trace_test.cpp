#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "actors/store/local/trace_api.hpp"
#include "actors/store/local/trace_database.hpp"
#include "actors/store/local/trace_reader.hpp"
#include "actors/store/local/trace_tree.hpp"
#include "tests/catch.hpp"
#include "tests/temporary_directory.hpp"

using namespace troupe;
using namespace troupe::store;
using nlohmann::json;

namespace {

using query = std::vector<std::pair<std::string, std::string>>;
constexpr std::uint64_t t0 = 1'700'000'000'000'000'000;
constexpr std::uint64_t ms = 1'000'000;

otlp::span make(std::uint8_t trace, std::uint8_t id, std::uint8_t parent, const std::string& name,
                std::uint64_t start_ms = 0, std::uint64_t length_ms = 10) {
  otlp::span one;
  one.trace[15] = trace;
  one.id[7] = id;
  one.parent[7] = parent;
  one.name = name;
  one.start_ns = t0 + start_ms * ms;
  one.end_ns = one.start_ns + length_ms * ms;
  one.service = "shop";
  one.resource = {{"service.name", std::string("shop")}, {"host", std::string("h")}};
  one.kind = otlp::span_kind::server;
  return one;
}

std::string id_of(std::uint8_t trace) {
  char text[33];
  std::snprintf(text, sizeof text, "%032x", trace);
  return text;
}

struct fixture {
  testing::temporary_directory directory;
  std::unique_ptr<trace_database> data;
  std::unique_ptr<trace_reader> read;
  std::string note;

  fixture() { open(); }
  void open() {
    read.reset();
    data.reset();
    note.clear();
    auto opened = trace_database::open(directory.file("traces.db"), note);
    REQUIRE(opened);
    data = std::move(*opened);
    auto reading = trace_reader::open(directory.file("traces.db"));
    REQUIRE(reading);
    read = std::move(*reading);
  }
  kept write(const std::vector<otlp::span>& spans) {
    const auto done = data->write(spans);
    REQUIRE(done);
    return *done;
  }
  answer asked(const std::string& path, query parameters = {}) {
    http::server_request request;
    request.query = std::move(parameters);
    return ask_traces(*read, path, request, static_cast<std::int64_t>(t0 / ms) + 600'000);
  }
  json good(const std::string& path, query parameters = {}) {
    const auto said = asked(path, std::move(parameters));
    INFO(said.json);
    REQUIRE(said.status == 200);
    return json::parse(said.json);
  }
  /// The root names of a list.
  std::vector<std::string> names(query parameters = {}) {
    std::vector<std::string> all;
    const auto list = good("", std::move(parameters));
    for (const auto& one : list["traces"])
      all.push_back(one["root_name"]);
    return all;
  }
};

}  // namespace

TEST_CASE_METHOD(fixture, "a trace is a tree, whatever the order in which its spans come") {
  auto root = make(1, 1, 0, "GET /", 0, 100);
  root.attributes = {{"n", std::int64_t{5}},
                     {"large", std::int64_t{1} << 60},
                     {"b", true},
                     {"d", 0.5},
                     {"nan", std::numeric_limits<double>::quiet_NaN()}};
  root.events = {{t0 + ms, "retry", {{"why", std::string("slow")}}}};
  auto failed = make(1, 3, 2, "query", 20, 10);
  failed.status = otlp::status_code::error;
  failed.status_message = "no \"table\"";
  failed.service = "db";
  failed.scope = "driver";
  write({failed, make(1, 2, 1, "cart", 10, 50)});
  CHECK(good("")["traces"][0]["root_name"] == "cart");  // the earliest that is there
  CHECK(good("")["traces"][0]["rooted"] == false);
  write({root, make(1, 4, 1, "render", 70, 20), make(1, 5, 99, "lost", 5, 1)});
  for (int round = 0; round < 2; ++round) {
    const auto list = good("");
    REQUIRE(list["traces"].size() == 1);
    CHECK(list["traces"][0] == json{{"trace_id", id_of(1)},
                                    {"root_name", "GET /"},
                                    {"root_service", "shop"},
                                    {"rooted", true},
                                    {"start_ns", std::to_string(t0)},
                                    {"duration_ns", 100 * ms},
                                    {"span_count", 5},
                                    {"error_count", 1}});
    const auto tree = good(id_of(1));
    CHECK(tree["services"] == json{"db", "shop"});
    CHECK(tree["truncated"] == false);
    REQUIRE(tree["roots"].size() == 2);
    const auto& top = tree["roots"][0];
    CHECK(top["name"] == "GET /");
    CHECK(top["kind"] == "server");
    CHECK(top["attributes"] ==
          json{{"n", 5}, {"large", "1152921504606846976"}, {"b", true}, {"d", 0.5}, {"nan", "NaN"}});
    CHECK(top["events"][0]["name"] == "retry");
    CHECK(top["events"][0]["attributes"]["why"] == "slow");
    CHECK(top["resource"]["host"] == "h");
    REQUIRE(top["children"].size() == 2);
    CHECK(top["children"][0]["name"] == "cart");
    CHECK(top["children"][1]["name"] == "render");
    const auto& query = top["children"][0]["children"][0];
    CHECK(query["status"] == "error");
    CHECK(query["status_message"] == "no \"table\"");
    CHECK(query["scope"] == "driver");
    CHECK(query["parent_id"] == "0000000000000002");
    CHECK(query["children"].empty());
    CHECK(tree["roots"][1]["name"] == "lost");
    CHECK(tree["roots"][1]["orphan"] == true);
    open();
  }
}

TEST_CASE_METHOD(fixture, "traces are listed by service, name, duration, errors and time") {
  auto bad = make(2, 1, 0, "checkout", 1000, 500);
  bad.status = otlp::status_code::error;
  auto other = make(3, 1, 0, "login", 2000, 5);
  other.service = "auth";
  auto below = make(1, 2, 1, "SELECT x", 1, 2);
  below.service = "db";
  write({make(1, 1, 0, "GET /", 0, 100), below, bad, other});
  const std::vector<std::string> all{"login", "checkout", "GET /"};
  CHECK(names() == all);
  CHECK(names({{"limit", "2"}}).size() == 2);
  CHECK(good("", {{"limit", "2"}})["truncated"] == true);
  CHECK(names({{"service", "db"}}) == std::vector<std::string>{"GET /"});
  CHECK(names({{"name", "select"}}) == std::vector<std::string>{"GET /"});
  CHECK(names({{"name", "select"}, {"service", "shop"}}).empty());
  CHECK(names({{"min_duration", "100ms"}}) == std::vector<std::string>{"checkout", "GET /"});
  CHECK(names({{"min_duration", "0.5"}}) == std::vector<std::string>{"checkout"});
  CHECK(names({{"errors", "true"}}) == std::vector<std::string>{"checkout"});
  CHECK(names({{"start", "1700000000.5"}, {"end", "1700000001.5"}}) == std::vector<std::string>{"checkout"});
  CHECK(good("services")["services"] == json{"auth", "db", "shop"});
}

TEST_CASE_METHOD(fixture, "spans that are sent again are kept once") {
  const std::vector spans{make(1, 1, 0, "a"), make(1, 2, 1, "b"), make(1, 2, 1, "b")};
  auto done = write(spans);
  CHECK(done.added == 2);
  CHECK(done.duplicates == 1);
  open();
  done = write(spans);
  CHECK(done.added == 0);
  CHECK(done.duplicates == 3);
  CHECK(data->traces() == 1);
  CHECK(good(id_of(1))["span_count"] == 2);
}

TEST_CASE_METHOD(fixture, "circles, chains of thousands of spans, and large traces are answered") {
  write({make(1, 1, 2, "a"), make(1, 2, 1, "b", 1), make(1, 3, 3, "self", 2)});
  const auto circle = good(id_of(1));
  REQUIRE(circle["roots"].size() == 2);
  CHECK(circle["roots"][0]["children"][0]["name"] == "b");
  CHECK(circle["roots"][1]["name"] == "self");
  std::vector<otlp::span> chain;
  const auto set = [](otlp::span_id& id, std::uint32_t n) { std::memcpy(id.data(), &n, 4); };
  for (std::uint32_t i = 1; i <= 25'000; ++i) {
    auto one = make(2, 0, 0, "n", i);
    set(one.id, i);
    set(one.parent, i - 1);
    chain.push_back(std::move(one));
  }
  write(chain);
  const auto said = good(id_of(2));
  CHECK(said["span_count"] == 25'000);
  CHECK(said["truncated"] == true);
  std::size_t depth = 0;
  for (const auto* at = &said["roots"]; !at->empty(); at = &(*at)[0]["children"])
    ++depth;
  CHECK(depth == 201);
}

TEST_CASE_METHOD(fixture, "names, attributes and times of all kinds survive") {
  const std::string bad("\xff \0 \"", 5);
  auto one = make(1, 1, 0, bad);
  one.service = bad;
  one.attributes = {{bad, bad}, {"long", std::string(5 << 20, 'x')}};
  one.status_message = bad;
  auto late = make(2, 1, 0, "late");
  late.start_ns = std::numeric_limits<std::uint64_t>::max();
  late.end_ns = 0;
  auto early = make(3, 1, 0, "early");
  early.start_ns = 0;
  early.end_ns = std::numeric_limits<std::uint64_t>::max();
  write({one, late, early});
  const auto repaired = std::string("\xef\xbf\xbd \0 \"", 7);
  CHECK(names() == std::vector<std::string>{repaired});
  const auto tree = good(id_of(1));
  CHECK(tree["roots"][0]["service"] == repaired);
  CHECK(tree["roots"][0]["attributes"][repaired] == repaired);
  CHECK(good(id_of(2))["duration_ns"] == 0);
  CHECK(good(id_of(3))["duration_ns"] == std::numeric_limits<std::int64_t>::max() - 1);
  CHECK(asked("services").status == 200);
  // They can be removed, too.
  REQUIRE(data->retain({0, 1}, static_cast<std::int64_t>(t0 / ms)));
  CHECK(data->traces() == 0);
}

TEST_CASE_METHOD(fixture, "traces that are too old, or too much, go whole and are counted") {
  for (std::uint8_t i = 1; i <= 200; ++i) {
    auto root = make(i, 1, 0, "r" + std::to_string(i), i * 1000, 10), child = make(i, 2, 1, "c", i * 1000 + 5, 1);
    child.attributes = {{"text", std::string(2000, 'x')}};
    child.service = "only" + std::to_string(i);
    child.resource[0].value = child.service;
    write({root, child});
  }
  const auto now_ms = static_cast<std::int64_t>(t0 / ms) + 200'000;
  const auto old = data->retain({100'000, 0}, now_ms);
  REQUIRE(old);
  CHECK(old->by_age == 2 * 99);
  CHECK(data->traces() == 101);
  CHECK(asked(id_of(50)).status == 404);
  CHECK(good(id_of(150))["span_count"] == 2);
  CHECK(good("services")["services"].size() == 102);
  const auto size = data->bytes();
  const auto large = data->retain({0, size / 2}, now_ms);
  REQUIRE(large);
  CHECK(large->by_size > 0);
  CHECK(data->bytes() <= size / 2);
  CHECK(names().front() == "r200");
  CHECK(read->stats()->at("spans") == 202 - static_cast<std::int64_t>(large->by_size));
}

TEST_CASE_METHOD(fixture, "questions about traces that are wrong are told what is wrong") {
  const auto wrong = [&](const char* path, const query& parameters, const char* word) {
    const auto said = asked(path, parameters);
    INFO(said.json);
    CHECK(said.status == 400);
    CHECK(json::parse(said.json)["error"].get<std::string>().find(word) == 0);
  };
  wrong("", {{"min_duration", "long"}}, "min_duration");
  wrong("", {{"min_duration", "5 parsecs"}}, "min_duration");
  wrong("", {{"errors", "some"}}, "errors");
  wrong("", {{"limit", "none"}}, "limit");
  wrong("", {{"start", "x"}}, "start");
  wrong("", {{"start", "3"}, {"end", "2"}}, "start");
  wrong("abc", {}, "a trace's id");
  wrong("0000000000000000000000000000000g", {}, "a trace's id");
  CHECK(asked(id_of(1)).status == 404);
  CHECK(asked("a/b").status == 404);
}

TEST_CASE_METHOD(fixture, "a trace file that is no database is set aside") {
  read.reset();
  data.reset();
  std::ofstream(directory.file("traces.db")) << std::string(10'000, 'x');
  std::filesystem::remove(directory.file("traces.db-wal"));
  open();
  CHECK(note.find(".damaged") != std::string::npos);
  write({make(1, 1, 0, "a")});
  CHECK(names() == std::vector<std::string>{"a"});
}
