#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <random>

#include "actors/store/local/api.hpp"
#include "actors/store/local/database.hpp"
#include "actors/store/local/reader.hpp"
#include "tests/catch.hpp"
#include "tests/temporary_directory.hpp"

using namespace troupe;
using namespace troupe::store;
using telemetry::metrics_batch;

namespace {

struct fixture {
  testing::temporary_directory directory;
  std::unique_ptr<database> data;
  std::unique_ptr<reader> read;
  std::string note;
  telemetry::block_ref block;
  static constexpr std::int64_t t0 = 1'700'000'000'000;

  fixture() {
    telemetry::chunk_builder builder;
    builder.family(
        telemetry::intern(telemetry::metric_family{"a", telemetry::metric_type::counter, "What it is.", "", ""}));
    builder.series("a{x=\"1\"} ");
    builder.series("a{x=\"2\"} ");
    builder.series("b ");
    block = std::make_shared<telemetry::series_block>(builder.finish(), telemetry::label_set{{"job", "j"}});
    open();
  }
  void open() {
    read.reset();
    data.reset();
    note.clear();
    auto opened = database::open(directory.file("store.db"), note);
    REQUIRE(opened);
    data = std::move(*opened);
    auto reading = reader::open(directory.file("store.db"));
    REQUIRE(reading);
    read = std::move(*reading);
  }
  telemetry::metrics_ref batch(std::int64_t at, std::vector<double> values) {
    auto made = std::make_shared<metrics_batch>();
    made->block = block;
    made->timestamp_ms = at;
    made->values = std::move(values);
    return made;
  }
  void write(std::int64_t at, std::vector<double> values) {
    const std::vector one{batch(at, std::move(values))};
    REQUIRE(data->write(one));
  }
  std::vector<sample> samples(const std::string& match, std::int64_t from = 0,
                              std::int64_t to = std::numeric_limits<std::int64_t>::max()) {
    const auto list = read->series({{*selector::parse(match)}}, 10);
    REQUIRE(list);
    REQUIRE(list->series.size() == 1);
    std::vector<sample> all;
    const std::vector ids{list->series[0].id};
    REQUIRE(read->samples(ids, from, to, [&](std::size_t, std::vector<sample>& some) {
      all = std::move(some);
      return true;
    }));
    return all;
  }
};

bool same(const std::vector<sample>& a, const std::vector<sample>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].time_ms != b[i].time_ms ||
        std::bit_cast<std::uint64_t>(a[i].value) != std::bit_cast<std::uint64_t>(b[i].value))
      return false;
  }
  return true;
}

}  // namespace

TEST_CASE("samples are packed and unpacked bit by bit") {
  std::mt19937_64 random(3);
  std::vector<sample> all{
      {-5, 0}, {0, -0.0}, {1, telemetry::stale_marker()}, {1, telemetry::normal_nan()}, {1'700'000'000'000, HUGE_VAL}};
  for (int i = 0; i < 2000; ++i) {
    all.push_back({static_cast<std::int64_t>(random()), std::bit_cast<double>(random())});
    all.push_back({static_cast<std::int64_t>(i) * 15'000, static_cast<double>(i)});
  }
  std::vector<sample> back;
  REQUIRE(unpack(pack(all), back));
  CHECK(same(all, back));
  for (std::size_t cut = 1; cut < 40; ++cut) {
    back.clear();
    const auto bytes = pack(all);
    (void)unpack(std::string_view(bytes).substr(0, bytes.size() - cut), back);
    CHECK(back.size() <= all.size());
  }
}

TEST_CASE_METHOD(fixture, "what was written is found at once, and after opening again") {
  write(t0, {1, 2, 3});
  write(t0 + 1000, {4, telemetry::stale_marker(), 6});
  const auto check = [&] {
    CHECK(same(samples("a{x=\"1\"}"), {{t0, 1}, {t0 + 1000, 4}}));
    CHECK(same(samples("a{x=\"2\"}"), {{t0, 2}, {t0 + 1000, telemetry::stale_marker()}}));
    CHECK(same(samples("b", t0 + 1, t0 + 1000), {{t0 + 1000, 6}}));
  };
  check();
  open();
  check();
  write(t0 + 2000, {7, 8, 9});
  CHECK(samples("b").size() == 3);
}

TEST_CASE_METHOD(fixture, "what was written is there when the process died without closing") {
  write(t0, {1, 2, 3});
  write(t0 + 1000, {4, telemetry::stale_marker(), 6});
  REQUIRE(data->compact({t0 + 500}));
  fixture next;
  next.read.reset();
  next.data.reset();
  // As they lie on the disk at this moment; the index of the log is made anew.
  for (const char* name : {"store.db", "store.db-wal"})
    std::filesystem::copy_file(directory.file(name), next.directory.file(name),
                               std::filesystem::copy_options::overwrite_existing);
  next.open();
  CHECK(next.note.empty());
  CHECK(same(next.samples("a{x=\"2\"}"), {{t0, 2}, {t0 + 1000, telemetry::stale_marker()}}));
  next.write(t0 + 2000, {7, 8, 9});
  CHECK(same(next.samples("b"), {{t0, 3}, {t0 + 1000, 6}, {t0 + 2000, 9}}));
  CHECK(next.data->series() == 3);
}

TEST_CASE_METHOD(fixture, "compacting changes nothing that can be asked") {
  std::mt19937_64 random(5);
  for (int i = 0; i < 200; ++i) {
    auto one = std::make_shared<metrics_batch>(
        *batch(t0 + i * 1000, {static_cast<double>(i), std::bit_cast<double>(random()), i / 3.0}));
    if (i % 7 == 0)
      one->own_timestamps_ms = {metrics_batch::no_timestamp, t0 + i * 1000 - 500, metrics_batch::no_timestamp};
    const std::vector<telemetry::metrics_ref> all{one};
    REQUIRE(data->write(all));
  }
  std::map<std::string, std::vector<sample>> before;
  for (const char* match : {"a{x=\"1\"}", "a{x=\"2\"}", "b"})
    before[match] = samples(match);
  REQUIRE(data->compact({t0 + 150'000}));
  for (const auto& [match, all] : before)
    CHECK(same(samples(match), all));
  REQUIRE(data->compact({t0 + 1'000'000}));
  for (const auto& [match, all] : before)
    CHECK(same(samples(match), all));
  CHECK(read->stats()->at("recent_batches") == 0);
  CHECK(read->stats()->at("samples") == 600);
  write(t0 + 900'000, {1, 2, 3});  // its block is still known
  CHECK(samples("b").size() == 201);
}

TEST_CASE_METHOD(fixture, "of two samples with the same time the later one counts") {
  write(t0, {1, 2, 3});
  write(t0, {4, 5, 6});
  CHECK(same(samples("b"), {{t0, 6}}));
  REQUIRE(data->compact({t0 + 1}));
  CHECK(same(samples("b"), {{t0, 6}}));
}

TEST_CASE_METHOD(fixture, "chunks of one series that begin at the same time become one, and lose nothing") {
  const auto with_own = [&](std::int64_t at, std::int64_t own, double value) {
    auto one = std::make_shared<metrics_batch>(*batch(at, {value, value, value}));
    one->own_timestamps_ms = {own, metrics_batch::no_timestamp, metrics_batch::no_timestamp};
    const std::vector<telemetry::metrics_ref> all{one};
    REQUIRE(data->write(all));
  };
  const auto same_series = block;
  for (int round = 0; round < 3; ++round) {
    // Another block with the same series, as after a restart or a change of the page.
    block = std::make_shared<telemetry::series_block>(same_series->chunks(), same_series->common());
    with_own(t0 + round * 10, t0 - 5, round);
    with_own(t0 + round * 10 + 1, t0 + round * 10 + 1, round + 0.5);
    REQUIRE(data->compact({t0 + 100'000}));
  }
  CHECK(same(samples("a{x=\"1\"}"), {{t0 - 5, 2}, {t0 + 1, 0.5}, {t0 + 11, 1.5}, {t0 + 21, 2.5}}));
  CHECK(samples("b").size() == 6);
}

TEST_CASE_METHOD(fixture, "a chunk that keeps growing is cut") {
  auto one = std::make_shared<metrics_batch>(*batch(t0, {0, 0, 0}));
  for (int round = 0; round < 4; ++round) {
    std::vector<telemetry::metrics_ref> all;
    for (int i = 0; i < 900; ++i) {
      one->own_timestamps_ms = {i == 0 ? t0 - 1 : t0 + round * 1000 + i, metrics_batch::no_timestamp,
                                metrics_batch::no_timestamp};
      one->timestamp_ms = t0 + round * 1000 + i;
      all.push_back(std::make_shared<metrics_batch>(*one));
    }
    REQUIRE(data->write(all));
    REQUIRE(data->compact({t0 + 100'000}));
  }
  CHECK(samples("a{x=\"1\"}").size() == 4 * 899 + 1);
  CHECK(samples("b").size() == 4 * 900);
}

TEST_CASE_METHOD(fixture, "rows wait for company, but not too long, not too many, not without their block") {
  const auto recent = [&] { return read->stats()->at("recent_batches"); };
  for (int i = 0; i < 3; ++i)
    write(t0 + i, {1, 2, 3});
  REQUIRE(data->compact({t0 + 1000, 4, 60'000, 1 << 20}));
  CHECK(recent() == 3);
  SECTION("enough of them") {
    write(t0 + 3, {1, 2, 3});
    REQUIRE(data->compact({t0 + 1000, 4, 60'000, 1 << 20}));
    CHECK(recent() == 0);
  }
  SECTION("too old") {
    REQUIRE(data->compact({t0 + 60'001, 4, 60'000, 1 << 20}));
    CHECK(recent() == 0);
  }
  SECTION("too much") {
    REQUIRE(data->compact({t0 + 1000, 4, 60'000, 71}));
    CHECK(recent() == 0);
  }
  SECTION("the block has gone") {
    block.reset();
    REQUIRE(data->compact({t0 + 1000, 4, 60'000, 1 << 20}));
    CHECK(recent() == 0);
  }
}

TEST_CASE_METHOD(fixture, "many series are read together, from chunks and rows alike") {
  telemetry::chunk_builder builder;
  builder.family(telemetry::intern(telemetry::metric_family{"m", telemetry::metric_type::gauge, "", "", ""}));
  constexpr int many = 5000;
  for (int i = 0; i < many; ++i)
    builder.series("m{i=\"" + std::to_string(i) + "\"} ");
  block = std::make_shared<telemetry::series_block>(builder.finish(), telemetry::label_set{});
  for (int row = 0; row < 4; ++row) {
    std::vector<double> values;
    for (int i = 0; i < many; ++i)
      values.push_back(i * 10 + row);
    write(t0 + row, values);
  }
  REQUIRE(data->compact({t0 + 2}));
  CHECK(data->series() == many);
  const auto list = read->series({{*selector::parse("m")}}, many + 1);
  REQUIRE(list);
  REQUIRE(list->series.size() == many);
  CHECK_FALSE(list->truncated);
  std::vector<std::int64_t> ids;
  for (const auto& one : list->series)
    ids.push_back(one.id);
  int right = 0;
  const auto good = [&](std::size_t index, const std::vector<sample>& all) {
    const int i = std::stoi(std::string(list->series[index].labels.get("i")));
    return all.size() == 4 && all[0].value == i * 10 && all[3].value == i * 10 + 3 && all[3].time_ms == t0 + 3;
  };
  REQUIRE(read->samples(ids, t0, t0 + 10, [&](std::size_t index, std::vector<sample>& all) {
    right += good(index, all);
    return true;
  }));
  CHECK(right == many);
  int calls = 0;
  REQUIRE(read->samples(ids, t0, t0 + 10, [&](std::size_t, std::vector<sample>&) { return ++calls < 10; }));
  CHECK(calls == 10);
}

TEST_CASE_METHOD(fixture, "a transaction that does not fit on the disk leaves no trace, and can be made again") {
  write(t0, {1, 2, 3});
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = std::filesystem::file_size(directory.file("store.db-wal")) + 20'000;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  telemetry::chunk_builder builder;
  builder.family(telemetry::intern(telemetry::metric_family{"m", telemetry::metric_type::gauge, "", "", ""}));
  for (int i = 0; i < 2000; ++i)
    builder.series("m{i=\"" + std::to_string(i) + "\"} ");
  block = std::make_shared<telemetry::series_block>(builder.finish(), telemetry::label_set{});
  const std::vector large{batch(t0 + 1, std::vector<double>(2000, 1))};
  const auto full = data->write(large);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  REQUIRE_FALSE(full);
  CHECK_FALSE(full.error().message.empty());
  CHECK_FALSE(data->damaged());
  CHECK(data->series() == 3);
  CHECK(read->series({{*selector::parse("m")}}, 10)->series.empty());
  REQUIRE(data->write(large));
  CHECK(data->series() == 2003);
  CHECK(samples("m{i=\"7\"}").size() == 1);
  CHECK(samples("b").size() == 1);
}

TEST_CASE_METHOD(fixture, "what is too old, or too much, goes and is counted") {
  for (int i = 0; i < 100; ++i)
    write(t0 + i * 1000, {1, 2, 3});
  REQUIRE(data->compact({t0 + 50'000}));
  const auto gone = data->retain({60'000, 0}, t0 + 130'000);
  REQUIRE(gone);
  CHECK(gone->by_age > 0);
  CHECK(samples("b").front().time_ms >= t0);
  CHECK(samples("b").back().time_ms == t0 + 99'000);
  const auto size = data->bytes();
  const auto large = data->retain({0, size / 2}, t0 + 130'000);
  REQUIRE(large);
  CHECK(large->by_size > 0);
}

TEST_CASE_METHOD(fixture, "a series without samples ends when nobody uses its block") {
  write(t0, {1, 2, 3});
  REQUIRE(data->compact({t0 + 1}));
  block.reset();
  telemetry::chunk_builder builder;
  builder.family(telemetry::intern(telemetry::metric_family{"c", telemetry::metric_type::gauge, "", "", ""}));
  builder.series("c ");
  block = std::make_shared<telemetry::series_block>(builder.finish(), telemetry::label_set{});
  write(t0 + 100'000, {1});
  REQUIRE(data->compact({t0 + 200'000}));
  REQUIRE(data->retain({50'000, 0}, t0 + 120'000));
  CHECK(read->series({{*selector::parse("{__name__=~\".+\"}")}}, 10)->series.size() == 1);
}

TEST_CASE_METHOD(fixture, "a file that is no database is set aside") {
  read.reset();
  data.reset();
  std::ofstream(directory.file("store.db")) << std::string(10'000, 'x');
  std::filesystem::remove(directory.file("store.db-wal"));
  open();
  CHECK(note.find(".damaged") != std::string::npos);
  CHECK(std::filesystem::exists(directory.file("store.db.damaged")));
  write(t0, {1, 2, 3});
  CHECK(samples("b").size() == 1);
}

TEST_CASE_METHOD(fixture, "a file that is damaged while in use says so, and is set aside") {
  for (int i = 0; i < 200; ++i)
    write(t0 + i, {1, 2, 3});
  open();  // closing has moved everything into the file
  read.reset();
  data.reset();
  const auto path = directory.file("store.db");
  const auto size = std::filesystem::file_size(path);
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    for (std::uintmax_t at = 2 * 4096; at + 4096 <= size; at += 4096)
      file.seekp(static_cast<std::streamoff>(at)).write(std::string(64, '\xff').data(), 64);
  }
  auto opened = database::open(path, note);
  REQUIRE(opened);
  data = std::move(*opened);
  if (note.empty()) {  // not seen yet
    CHECK_FALSE(data->compact({t0 + 1000}));
    CHECK(data->damaged());
    data.reset();
    database::set_aside(path);
  }
  CHECK(std::filesystem::exists(path + ".damaged"));
  open();
  CHECK(note.empty());
  write(t0, {1, 2, 3});
  CHECK(samples("b").size() == 1);
}

TEST_CASE("selectors") {
  const auto matches = [](const char* text, const telemetry::label_set& labels) {
    const auto parsed = selector::parse(text);
    REQUIRE(parsed);
    return parsed->matches(labels);
  };
  const telemetry::label_set up{{"__name__", "up"}, {"job", "node"}, {"text", "a\"b\\c"}};
  CHECK(matches("up", up));
  CHECK(matches(" up { job = \"node\" , } ", up));
  CHECK(matches("{job=~\"n.*\"}", up));
  CHECK(matches("up{absent=\"\"}", up));
  CHECK(matches("up{absent!=\"x\", text=\"a\\\"b\\\\c\"}", up));
  CHECK_FALSE(matches("up{job=~\"od\"}", up));  // whole values only
  CHECK_FALSE(matches("up{job!~\"n.*\"}", up));
  CHECK_FALSE(matches("down", up));
  for (const char* wrong : {"", "{}", "up{", "up{job}", "up{job=}", "up{job=\"a}", "up{job=~\"(\"}", "up x", "1up",
                            "up{job=\"a\" b=\"c\"}"}) {
    INFO(wrong);
    CHECK_FALSE(selector::parse(wrong));
  }
  CHECK(selector::parse("up{job=}").error().message.find("character 8") != std::string::npos);
}

TEST_CASE("selectors have PromQL's strings: escapes, backticks, names in quotes") {
  const auto matches = [](const std::string& text, const telemetry::label_set& labels) {
    INFO(text);
    const auto parsed = selector::parse(text);
    REQUIRE(parsed);
    return parsed->matches(labels);
  };
  const telemetry::label_set one{
      {"__name__", "my.metric"}, {"job", "a\tb\n\"\xc3\xa9\xf0\x9f\x98\x80"}, {"the.path", "C:\\x"}};
  CHECK(matches(R"({"my.metric"})", one));
  CHECK(matches(R"({"my.metric", job!="x",})", one));
  CHECK_FALSE(matches(R"({'other.metric'})", one));
  CHECK(matches(R"({job="a\tb\n\"\u00e9\U0001F600"})", one));
  CHECK(matches(R"({job='\x61\011\142\n\"\xc3\xa9\360\237\230\200'})", one));
  CHECK(matches("{\"the.path\"=`C:\\x`}", one));
  CHECK(matches("{`the.path`=~`C:\\\\\\w`}", one));
  CHECK(matches(R"({"the.path"=~"C:\\.x|C\:.x"})", one));  // RE2 reads what PromQL does not know
  for (const char* wrong : {R"(up{job="\q"})", R"(up{job="\x4"})", R"(up{job="\400"})", R"(up{job="\ud800"})",
                            R"(up{job="\U00110000"})", "up{job=`a}", R"(up{"other"})", R"({"a","b"})", R"({""})"}) {
    INFO(wrong);
    CHECK_FALSE(selector::parse(wrong));
  }
}

TEST_CASE_METHOD(fixture, "the API's answers") {
  write(t0, {1, telemetry::stale_marker(), HUGE_VAL});
  const auto asked = [&](const std::string& path, std::vector<std::pair<std::string, std::string>> query = {}) {
    http::server_request request;
    request.query = std::move(query);
    return ask(*read, path, request, t0 + 1000);
  };
  CHECK(asked("series", {{"match", "b"}}).json == R"({"series":[{"__name__":"b","job":"j"}],"truncated":false})");
  CHECK(asked("series", {{"match", "{job=\"j\"}"}, {"limit", "1"}}).json.find("\"truncated\":true") !=
        std::string::npos);
  CHECK(asked("samples", {{"match", "a"}}).json.find("[1700000000.0,null]") != std::string::npos);
  CHECK(asked("samples", {{"match", "b"}}).json.find("\"+Inf\"") != std::string::npos);
  CHECK(asked("labels").json == R"({"labels":["__name__","job","x"]})");
  CHECK(asked("label/x/values").json == R"({"values":["1","2"]})");
  CHECK(asked("metadata").json.find(R"("help":"What it is.","name":"a","type":"counter")") != std::string::npos);
  CHECK(asked("nothing").status == 404);
  CHECK(asked("series").status == 400);
  CHECK(asked("series", {{"match", "b"}, {"limit", "x"}}).status == 400);
  CHECK(asked("samples", {{"match", "b"}, {"from", "5"}, {"to", "4"}}).status == 400);
}

TEST_CASE_METHOD(fixture, "series without samples in the time that is asked for do not count against the limit") {
  telemetry::chunk_builder builder;
  builder.family(telemetry::intern(telemetry::metric_family{"a", telemetry::metric_type::counter, "", "", ""}));
  for (int i = 0; i < 5; ++i)
    builder.series("a{before=\"" + std::to_string(i) + "\"} ");
  const auto now = std::exchange(
      block, std::make_shared<telemetry::series_block>(builder.finish(), telemetry::label_set{{"job", "j"}}));
  write(t0 - 7'200'000, {1, 2, 3, 4, 5});
  block = now;
  write(t0, {1, 2, 3});
  http::server_request request;
  request.query = {{"match", "a"}, {"limit", "1"}};
  const auto one = ask(*read, "samples", request, t0 + 1000).json;
  CHECK(one.find(R"("x":"1")") != std::string::npos);
  CHECK(one.find(R"("x":"2")") == std::string::npos);
  CHECK(one.find("\"truncated\":true") != std::string::npos);
  request.query = {{"match", "a"}, {"limit", "2"}};
  CHECK(ask(*read, "samples", request, t0 + 1000).json.find("\"truncated\":false") != std::string::npos);
}
