#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "actors/store/local/log_api.hpp"
#include "actors/store/local/log_database.hpp"
#include "actors/store/local/log_reader.hpp"
#include "tests/catch.hpp"
#include "tests/temporary_directory.hpp"

using namespace troupe;
using namespace troupe::store;
using nlohmann::json;
using telemetry::label_set;

namespace {

using query = std::vector<std::pair<std::string, std::string>>;

struct fixture {
  testing::temporary_directory directory;
  std::unique_ptr<log_database> data;
  std::unique_ptr<log_reader> read;
  std::string note;
  static constexpr std::int64_t t0 = 1'700'000'000'000'000'000;
  static constexpr std::int64_t second = 1'000'000'000;

  fixture() { open(); }
  void open() {
    read.reset();
    data.reset();
    note.clear();
    auto opened = log_database::open(directory.file("logs.db"), note);
    REQUIRE(opened);
    data = std::move(*opened);
    auto reading = log_reader::open(directory.file("logs.db"));
    REQUIRE(reading);
    read = std::move(*reading);
  }
  kept write(telemetry::logs_builder& from) {
    const std::vector<telemetry::logs_ref> one{from.finish()};
    const auto done = data->write(one);
    REQUIRE(done);
    return *done;
  }
  kept write(const label_set& labels, std::int64_t time_ns, const std::string& line,
             const std::vector<telemetry::label_view>& metadata = {}) {
    telemetry::logs_builder builder;
    builder.add(std::make_shared<label_set>(labels), time_ns, line, metadata);
    return write(builder);
  }
  answer asked(const std::string& path, query parameters = {}) {
    http::server_request request;
    request.query = std::move(parameters);
    return ask_logs(*read, path, request, t0 / 1'000'000 + 600'000);
  }
  /// The lines of all streams of an answer.
  std::vector<std::string> lines(query parameters = {}) {
    const auto said = asked("", std::move(parameters));
    INFO(said.json);
    REQUIRE(said.status == 200);
    std::vector<std::string> all;
    const auto parsed = json::parse(said.json);
    for (const auto& stream : parsed["data"]["result"]) {
      for (const auto& one : stream["values"])
        all.push_back(one[1]);
    }
    return all;
  }
  /// Ten streams of a hundred lines, one a second, each written on its own.
  void many() {
    for (int i = 0; i < 1000; ++i)
      write({{"app", std::to_string(i % 10)}}, t0 + i * second / 10, "line " + std::to_string(i));
  }
};

}  // namespace

TEST_CASE("chunks of log entries are packed and unpacked, damaged ones don't harm") {
  std::mt19937_64 random(7);
  std::vector<std::string> lines;
  for (int i = 0; i < 300; ++i) {
    lines.emplace_back(random() % 200, static_cast<char>(random()));
    lines.back() += '\0';
  }
  const std::vector<telemetry::label_view> pairs{{"trace_id", "abc"}, {std::string_view("a\0b", 3), "\xff"}};
  const auto metadata = encode_metadata(pairs);
  CHECK(metadata_of(metadata) == pairs);
  CHECK(metadata_of(metadata.substr(0, 5)).empty());
  std::vector<log_entry> all;
  for (const auto& line : lines)
    all.push_back({static_cast<std::int64_t>(random()), line, random() % 2 ? std::string_view(metadata) : ""});
  const auto packed = pack(all);
  http::body room;
  std::vector<log_entry> back;
  REQUIRE(unpack(packed, bytes_of(all), room, back));
  REQUIRE(back.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(back[i].time_ns == all[i].time_ns);
    CHECK(back[i].line == all[i].line);
    CHECK(back[i].metadata == all[i].metadata);
  }
  back.clear();
  CHECK_FALSE(unpack(packed, 100, room, back));  // no more than it says is taken from it
  for (int i = 0; i < 200; ++i) {
    auto broken = packed;
    broken[random() % broken.size()] = static_cast<char>(random());
    broken.resize(broken.size() - random() % 3);
    back.clear();
    (void)unpack(broken, bytes_of(all), room, back);
  }
}

TEST_CASE_METHOD(fixture, "log entries are found at once, after opening again, and by stream") {
  write({{"app", "a"}, {"level", "info"}, {"__tenant_id__", "t"}}, t0, "first");
  write({{"app", "b"}, {"level", "warn"}}, t0 + second, "second");
  const std::vector<telemetry::label_view> metadata{{"user", "u1"}};
  write({{"app", "a"}, {"level", "info"}}, t0 + 2 * second, "third", metadata);
  for (int round = 0; round < 2; ++round) {
    const auto said = json::parse(asked("").json);
    CHECK(said["status"] == "success");
    CHECK(said["data"]["resultType"] == "streams");
    const auto& streams = said["data"]["result"];
    REQUIRE(streams.size() == 2);
    CHECK(streams[0]["stream"] == json{{"app", "a"}, {"level", "info"}});
    // The newest first.
    CHECK(streams[0]["values"] == json::parse(R"([["1700000002000000000","third",{"structuredMetadata":{"user":"u1"}}],
                                                  ["1700000000000000000","first"]])"));
    CHECK(said["truncated"] == false);
    open();
  }
  CHECK(data->streams() == 2);
  CHECK(lines({{"match", "{app=\"b\"}"}}) == std::vector<std::string>{"second"});
  CHECK(lines({{"match", "{level=~\"warn|error\"}"}}) == std::vector<std::string>{"second"});
  CHECK(lines({{"match", "{app!=\"a\"}"}}) == std::vector<std::string>{"second"});
  CHECK(lines({{"match", "{app!~\"a|b\"}"}}).empty());
  CHECK(lines({{"match", "{app=\"a\"}"}, {"direction", "forward"}}) == std::vector<std::string>{"first", "third"});
  CHECK(asked("labels").json == R"({"labels":["app","level"]})");
  CHECK(asked("label/app/values").json == R"({"values":["a","b"]})");
  CHECK(json::parse(asked("series", {{"match", "{app=\"b\"}"}}).json)["series"] ==
        json::parse(R"([{"app":"b","level":"warn"}])"));
}

TEST_CASE_METHOD(fixture, "what is asked for is narrowed by time, text, pattern and number") {
  many();
  CHECK(lines({{"limit", "3"}, {"match", "{app=\"7\"}"}}) ==
        std::vector<std::string>{"line 997", "line 987", "line 977"});
  CHECK(lines({{"limit", "2"}, {"match", "{app=\"7\"}"}, {"direction", "forward"}}) ==
        std::vector<std::string>{"line 7", "line 17"});
  CHECK(json::parse(asked("", {{"limit", "3"}}).json)["truncated"] == true);
  CHECK(lines({{"start", "1700000050"}, {"end", "1700000050.2"}}) ==
        std::vector<std::string>{"line 500", "line 501", "line 502"});
  CHECK(lines({{"from", "1700000050000000000"}, {"to", "1700000050100000000"}}) ==
        std::vector<std::string>{"line 500", "line 501"});
  CHECK(lines({{"contains", "line 99"}, {"limit", "500"}}).size() == 11);
  CHECK(lines({{"regex", "^line \\d$"}, {"limit", "500"}}).size() == 10);
  CHECK(lines({{"contains", "9"}, {"regex", "^line \\d$"}}) == std::vector<std::string>{"line 9"});
  const auto before = lines({{"limit", "5000"}});
  CHECK(before.size() == 1000);
  REQUIRE(data->compact({t0 + 50 * second, 5, 0}));
  CHECK(lines({{"limit", "5000"}}) == before);
  REQUIRE(data->compact({t0 + 5000 * second, 5, 0}));
  CHECK(lines({{"limit", "5000"}}) == before);
  CHECK(read->stats()->at("log_chunks") < 100);
  CHECK(read->stats()->at("entries") == 1000);
}

TEST_CASE_METHOD(fixture, "compressed chunks become larger ones, and lose nothing") {
  const auto labels = std::make_shared<label_set>(label_set{{"app", "a"}});
  std::mt19937 random(5);
  telemetry::logs_builder builder;
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 100; ++i)
      builder.add(labels, t0 + (round * 100 + i) * second / 100,
                  "level=info msg=\"request served\" id=" + std::to_string(random()));
    CHECK(write(builder).added == 100);
  }
  const query all{{"limit", "5000"}};
  const auto before = lines(all);
  CHECK(before.size() == 4000);
  const auto chunks = read->stats()->at("log_chunks");
  REQUIRE(data->compact({t0 + 5000 * second, 5, 0}));
  CHECK(read->stats()->at("log_chunks") < chunks / 10);
  CHECK(lines(all) == before);
}

TEST_CASE_METHOD(fixture, "the lines of a trace, however they name it") {
  const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736";
  write({{"app", "a"}}, t0, "msg=x trace_id=" + id + " a=b");
  write({{"app", "a"}}, t0 + 1, R"({"msg":"x","traceID": ")" + id + "\"}");
  const std::vector<telemetry::label_view> metadata{{"trace_id", id}};
  write({{"app", "a"}}, t0 + 2, "by metadata", metadata);
  write({{"app", "a"}, {"trace_id", id}}, t0 + 3, "by label");
  write({{"app", "a"}}, t0 + 4, "request_id=" + id);
  write({{"app", "a"}}, t0 + 5, id);
  write({{"app", "a"}}, t0 + 6, "trace_id=" + id + "0");
  CHECK(lines({{"trace_id", id}}).size() == 4);
  CHECK(lines({{"trace_id", id}, {"contains", "msg"}}).size() == 2);
}

TEST_CASE_METHOD(fixture, "a histogram counts what the query finds") {
  many();
  for (const bool compacted : {false, true}) {
    if (compacted) REQUIRE(data->compact({t0 + 5000 * second, 5, 0}));
    const auto total = [&](const query& parameters, std::size_t series) {
      const auto said = asked("histogram", parameters);
      INFO(said.json);
      REQUIRE(said.status == 200);
      const auto all = json::parse(said.json)["series"];
      CHECK(all.size() == series);
      int sum = 0;
      for (const auto& one : all) {
        for (const auto& point : one["counts"])
          sum += point[1].get<int>();
      }
      return sum;
    };
    CHECK(total({{"start", "1700000000"}, {"end", "1700000100"}, {"step", "10"}}, 1) == 1000);
    CHECK(total({{"start", "1700000000"}, {"end", "1700000009.9"}, {"step", "10"}}, 1) == 100);
    CHECK(total({{"match", "{app=\"3\"}"}}, 1) == 100);
    CHECK(total({{"contains", "line 99"}, {"by", "app"}}, 10) == 11);
  }
  const auto first = json::parse(
      asked("histogram", {{"start", "1700000000"}, {"end", "1700000099.9"}, {"step", "50"}}).json)["series"][0];
  CHECK(first["counts"] == json::parse("[[1700000000.0,500],[1700000050.0,500]]"));
}

TEST_CASE_METHOD(fixture, "what is sent again is kept once") {
  telemetry::logs_builder builder;
  const auto labels = std::make_shared<label_set>(label_set{{"app", "a"}});
  const auto fill = [&] {
    for (int i = 0; i < 100; ++i)
      builder.add(labels, t0 + i / 10, "line " + std::to_string(i));
    builder.add(labels, t0, "line 0");  // twice in one batch
  };
  fill();
  auto done = write(builder);
  CHECK(done.added == 100);
  CHECK(done.duplicates == 1);
  fill();
  CHECK(write(builder).added == 0);
  open();  // a restart
  fill();
  builder.add(labels, t0 + 50, "new");
  done = write(builder);
  CHECK(done.added == 1);
  CHECK(done.duplicates == 101);
  REQUIRE(data->compact({t0 + 5000 * second, 1, 0}));
  fill();
  CHECK(write(builder).added == 0);
  CHECK(write({{"app", "b"}}, t0, "line 0").added == 1);  // another stream
  CHECK(lines({{"match", "{app=\"a\"}"}, {"limit", "1000"}}).size() == 101);
  // Many of one time, twice: not quadratic.
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 20'000; ++i)
      builder.add(labels, t0 + second, "same time " + std::to_string(i));
    CHECK(write(builder).added == (round == 0 ? 20'000 : 0));
  }
}

TEST_CASE_METHOD(fixture, "invalid UTF-8, NULs, quotes, 10 MB lines and times of all kinds survive") {
  const std::string bad("\xff\xfe bad \0 nul", 13);
  write({{"quoted", "a\"b\\c"}, {"bad", bad}}, t0, bad);
  write({{"app", "large"}}, t0, std::string(10 << 20, 'x') + "end");
  write({{"app", "random"}}, t0, [] {
    std::mt19937 random(1);
    std::string text(3 << 20, ' ');
    for (auto& c : text)
      c = static_cast<char>(random());
    return text;
  }());
  for (const auto time : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1}, std::int64_t{0},
                          std::numeric_limits<std::int64_t>::max()})
    write({{"app", "times"}}, time, "line");
  const auto said = json::parse(asked("", {{"match", "{quoted=\"a\\\"b\\\\c\"}"}}).json);
  REQUIRE(said["data"]["result"].size() == 1);
  CHECK(said["data"]["result"][0]["stream"]["bad"] == std::string("\xef\xbf\xbd\xef\xbf\xbd bad \0 nul", 17));
  CHECK(said["data"]["result"][0]["values"][0][1] == std::string("\xef\xbf\xbd\xef\xbf\xbd bad \0 nul", 17));
  const auto large = lines({{"match", "{app=\"large\"}"}});
  REQUIRE(large.size() == 1);
  CHECK(large[0].size() == (10 << 20) + 3);
  CHECK(lines({{"contains", "xend"}}).size() == 1);
  CHECK(lines({{"match", "{app=\"random\"}"}}).size() == 1);
  CHECK(lines({{"match", "{app=\"times\"}"}, {"start", "-5"}, {"end", "5"}}).size() == 2);
  CHECK(asked("labels").status == 200);
  CHECK(asked("label/bad/values").status == 200);
  REQUIRE(data->compact({std::numeric_limits<std::int64_t>::max(), 1, 0}));
  CHECK(read->stats()->at("entries") == 7);
  // An answer is bounded, whatever the limit says.
  for (int i = 1; i < 6; ++i)
    write({{"app", "large"}}, t0 + i, std::string(10 << 20, 'y'));
  CHECK(lines({{"match", "{app=\"large\"}"}}).size() == 3);
  CHECK(json::parse(asked("", {{"match", "{app=\"large\"}"}}).json)["truncated"] == true);
}

TEST_CASE_METHOD(fixture, "logs that are too old, or too much, go and are counted; their streams go with them") {
  many();
  REQUIRE(data->compact({t0 + 40 * second, 5, 0}));
  const auto now_ms = (t0 + 130 * second) / 1'000'000;
  const auto gone = data->retain({80'000, 0}, now_ms);
  REQUIRE(gone);
  CHECK(gone->by_age >= 390);
  CHECK(gone->by_age <= 500);
  CHECK(gone->by_size == 0);
  auto left = lines({{"limit", "5000"}});
  CHECK(left.size() == 1000 - gone->by_age);
  const auto size = data->bytes();
  const auto large = data->retain({0, size / 2}, now_ms);
  REQUIRE(large);
  CHECK(large->by_size > 0);
  CHECK(large->by_age == 0);
  CHECK(data->bytes() <= size / 2);
  left = lines({{"limit", "5000"}});
  CHECK(std::find(left.begin(), left.end(), "line 999") != left.end());
  REQUIRE(data->retain({1, 0}, now_ms));
  CHECK(data->streams() == 0);
  CHECK(asked("labels").json == R"({"labels":[]})");
  write({{"app", "7"}}, t0 + 200 * second, "again");
  CHECK(lines().size() == 1);
}

TEST_CASE_METHOD(fixture, "questions about logs that are wrong are told what is wrong") {
  write({{"app", "a"}}, t0, "x");
  const auto wrong = [&](const char* path, const query& parameters, const char* word) {
    const auto said = asked(path, parameters);
    INFO(said.json);
    CHECK(said.status == 400);
    CHECK(json::parse(said.json)["error"].get<std::string>().find(word) == 0);
  };
  wrong("", {{"match", "{app"}}, "match");
  wrong("", {{"match", "{app=~\"(\"}"}}, "match");
  wrong("", {{"regex", "("}}, "regex");
  wrong("", {{"regex", std::string(5000, 'x')}}, "contains and regex");
  wrong("", {{"start", "yesterday"}}, "start");
  wrong("", {{"end", "99999999999999999999"}}, "end");
  wrong("", {{"end", "1e300"}}, "end");
  wrong("", {{"start", "2"}, {"end", "1"}}, "start");
  wrong("", {{"limit", "0"}}, "limit");
  wrong("", {{"direction", "up"}}, "direction");
  wrong("", {{"trace_id", "xyz"}}, "trace_id");
  wrong("histogram", {{"step", "0"}}, "step");
  wrong("histogram", {{"step", "nan"}}, "step");
  wrong("histogram", {{"step", "0.001"}}, "step");
  wrong("series", {{"limit", "-1"}}, "limit");
  CHECK(asked("nothing").status == 404);
}

TEST_CASE_METHOD(fixture, "a log file that is no database is set aside") {
  read.reset();
  data.reset();
  std::ofstream(directory.file("logs.db")) << std::string(10'000, 'x');
  std::filesystem::remove(directory.file("logs.db-wal"));
  open();
  CHECK(note.find(".damaged") != std::string::npos);
  write({{"app", "a"}}, t0, "x");
  CHECK(lines().size() == 1);
}
