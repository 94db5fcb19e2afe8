// What can be asked of a store, and with which parameters.

#include <nlohmann/json.hpp>

#include "actors/store/local/storage.hpp"
#include "tests/catch.hpp"
#include "tests/temporary_directory.hpp"

using namespace troupe;
using namespace troupe::store;
using nlohmann::json;

namespace {

using parameters = std::vector<std::pair<std::string, std::string>>;

struct asked_store {
  static constexpr std::int64_t t0 = 1'700'000'000'000;
  testing::temporary_directory directory;
  std::vector<std::string> notes;
  std::unique_ptr<storage> data = std::move(*storage::open(directory.file("s"), {}, notes));

  /// Series as the text format writes them, with one sample each.
  void write(const std::vector<std::string>& series, std::int64_t at, std::vector<std::int64_t> own = {}) {
    telemetry::chunk_builder builder;
    builder.family(
        telemetry::intern(telemetry::metric_family{"load", telemetry::metric_type::counter, "What is done.", "", ""}));
    for (const auto& one : series)
      builder.series(one + " ");
    auto batch = std::make_shared<telemetry::metrics_batch>();
    batch->block = std::make_shared<telemetry::series_block>(builder.finish(), telemetry::label_set{});
    batch->timestamp_ms = at;
    batch->values.assign(series.size(), 1);
    batch->own_timestamps_ms = std::move(own);
    REQUIRE(data->write({.metrics = {batch}, .logs = {}, .traces = {}})[0].how);
  }
  void write_line(const telemetry::label_set& stream, std::int64_t at_ms, const std::string& line) {
    telemetry::logs_builder builder;
    builder.add(std::make_shared<telemetry::label_set>(stream), at_ms * 1'000'000, line);
    REQUIRE(data->write({.metrics = {}, .logs = {builder.finish()}, .traces = {}})[1].how);
  }
  /// Rows become chunks.
  void compact() {
    for (const auto& how : data->maintain({}, t0 + 86'400'000).how)
      REQUIRE(how);
  }
  answer ask(const std::string& path, parameters query = {}) {
    http::server_request request;
    request.query = std::move(query);
    return data->ask(path, request, t0 + 1000);
  }
  json good(const std::string& path, parameters query = {}) {
    const auto said = ask(path, std::move(query));
    INFO(path << ": " << said.json);
    REQUIRE(said.status == 200);
    return json::parse(said.json);
  }
  /// The error of a 400.
  std::string refused(const std::string& path, parameters query) {
    const auto said = ask(path, std::move(query));
    INFO(path << ": " << said.json);
    CHECK(said.status == 400);
    return json::parse(said.json).value("error", "");
  }
  std::vector<std::string> names(const std::string& path, parameters query) {
    std::vector<std::string> all;
    const auto said = good(path, std::move(query));
    for (const auto& one : said["series"])
      all.push_back((one.contains("labels") ? one["labels"] : one)["__name__"]);
    return all;
  }
  static std::string seconds(std::int64_t ms) { return std::to_string(static_cast<double>(ms) / 1000); }
};

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE_METHOD(asked_store, "every path names the parameters that it does not take, and those that it does") {
  const std::string id(32, 'a');
  for (const auto& [path, takes] : std::vector<std::pair<std::string, std::string>>{
           {"series", "series takes match, start, end, limit"},
           {"samples", "samples takes match, start, end, limit, points"},
           {"labels", "labels takes match, start, end, limit"},
           {"label/job/values", "label/NAME/values takes match, start, end, limit"},
           {"metadata", "metadata takes match, start, end"},
           {"stats", "stats takes none"},
           {"logs", "logs takes query, match, contains, regex, trace_id, start, end, limit, direction"},
           {"logs/histogram", "logs/histogram takes query, match, contains, regex, trace_id, start, end, step, by"},
           {"logs/series", "logs/series takes query, match, start, end, limit"},
           {"logs/labels", "logs/labels takes query, match, start, end"},
           {"logs/label/app/values", "logs/label/app/values takes query, match, start, end"},
           {"traces", "traces takes service, name, min_duration, errors, start, end, limit"},
           {"traces/services", "traces/services takes none"},
           {"traces/" + id, "traces/ID takes none"}}) {
    CHECK(refused(path, {{"match_", "up"}}) == "unknown parameter \"match_\": " + takes);
    CHECK(refused(path, {{"match_", ""}}).starts_with("unknown parameter"));
  }
  CHECK(refused("samples", {{"match", "load"}, {"points", "5"}, {"points", "6"}}).starts_with("points is given more"));
  CHECK(refused("logs", {{"match", "{a=\"b\"}"}, {"match", "{a=\"b\"}"}}).starts_with("match is given more"));
  CHECK(refused("samples", {{"match", "load"}, {"points", "0"}}).starts_with("points must"));
}

TEST_CASE_METHOD(asked_store, "several selectors are what any of them means, and narrow whatever is asked") {
  write({"load_total{job=\"a\"}", "load_total{job=\"b\",zone=\"z\"}", "up{job=\"c\"}"}, t0);
  CHECK(names("series", {{"match", "up"}, {"match[]", "load_total{job=\"b\"}"}}) == strings{"load_total", "up"});
  CHECK(names("series", {{"match", "up"}, {"match", "{job=\"c\"}"}}) == strings{"up"});
  CHECK(names("samples", {{"match", "up"}, {"match", "load_total"}}) == strings{"load_total", "load_total", "up"});
  CHECK(good("series", {{"match", "up"}, {"match", "load_total"}, {"limit", "2"}})["truncated"] == true);
  CHECK(good("labels", {{"match", "up"}}) == json{{"labels", {"__name__", "job"}}});
  CHECK(good("labels", {{"limit", "2"}}) == json{{"labels", {"__name__", "job"}}, {"truncated", true}});
  CHECK(good("label/job/values", {{"match", "up"}, {"match", "{zone=\"z\"}"}}) == json{{"values", {"b", "c"}}});
  CHECK(good("metadata", {{"match", "up"}})["metadata"].empty());
  CHECK(good("metadata", {{"match", "load_total"}})["metadata"][0]["name"] == "load");
  CHECK(good("metadata")["metadata"].size() == 1);
  CHECK(refused("labels", {{"match", "up"}, {"match", "up{"}}).starts_with("match: "));
  CHECK(refused("series", {}).starts_with("match is missing"));
}

TEST_CASE_METHOD(asked_store, "series, labels and values of a time are those that have samples in it") {
  const auto check = [&] {
    const auto in = [&](std::int64_t from, std::int64_t to) {
      return names("series", {{"match", "{__name__=~\".+\"}"}, {"start", seconds(from)}, {"end", seconds(to)}});
    };
    CHECK(in(t0, t0) == strings{"early", "steady"});
    CHECK(in(t0 + 1, t0 + 59'999) == strings{"steady"});
    CHECK(in(t0 + 100'000, t0 + 110'000) == strings{"late", "steady"});
    CHECK(in(t0 - 500'000, t0 - 500'000) == strings{"own"});
    CHECK(in(t0 + 50'001, t0 + 99'999).empty());
    CHECK(names("series", {{"match", "late"}, {"from", "5"}, {"to", "6"}}).empty());
    CHECK(names("series", {{"match", "late"}, {"to", seconds(t0 + 99'999)}}).empty());
    CHECK(names("series", {{"match", "late"}, {"from", seconds(t0 + 100'000)}}) == strings{"late"});
    CHECK(names("series", {{"match", "late"}}) == strings{"late"});
    CHECK(good("label/__name__/values", {{"end", seconds(t0)}}) == json{{"values", {"early", "own", "steady"}}});
    CHECK(good("labels", {{"start", seconds(t0 + 1'000'000)}}) == json{{"labels", json::array()}});
  };
  write({"early"}, t0);
  for (const std::int64_t at : {0, 50'000, 100'000})
    write({"steady"}, t0 + at);
  write({"late"}, t0 + 110'000);
  write({"own"}, t0, {t0 - 500'000});
  check();
  compact();
  check();
}

TEST_CASE_METHOD(asked_store, "the same names of times are taken everywhere") {
  write({"up"}, t0 - 7'200'000);
  write_line({{"app", "a"}}, t0 - 7'200'000, "a line");
  const auto from = seconds(t0 - 7'300'000), to = seconds(t0 - 7'100'000);
  CHECK(names("samples", {{"match", "up"}}).empty());
  for (const auto& [start, end] : {std::pair{"start", "end"}, {"from", "to"}}) {
    CHECK(names("samples", {{"match", "up"}, {start, from}, {end, to}}) == strings{"up"});
    CHECK(good("logs", {{start, from}, {end, to}})["data"]["result"].size() == 1);
  }
  CHECK(
      refused("samples", {{"match", "up"}, {"start", "1"}, {"from", "1"}}).starts_with("start and from are the same"));
  CHECK(refused("samples", {{"match", "up"}, {"from", "x"}}).starts_with("from must be Unix seconds"));
  CHECK(refused("series", {{"match", "up"}, {"start", "5"}, {"end", "4"}}) == "start must not be after end");
}

TEST_CASE_METHOD(asked_store, "logs are asked by query or by match, and errors speak of the one that was given") {
  write_line({{"app", "a"}, {"zone", "z"}}, t0, "one TRACE_ID=" + std::string(16, 'A') + std::string(16, '0'));
  write_line({{"app", "b"}}, t0 - 7'200'000, "two trace_id=" + std::string(16, 'a') + std::string(16, '0'));
  CHECK(refused("logs", {{"query", "{app=\"a\"}"}, {"match", "{app=\"b\"}"}})
            .starts_with("query and match are the same"));
  CHECK(refused("logs", {{"query", "{app="}}).starts_with("query: "));
  CHECK(refused("logs", {{"match", "{app="}}).starts_with("match: "));
  CHECK(good("logs/labels") == json{{"labels", {"app", "zone"}}});
  CHECK(good("logs/labels", {{"query", "{app=\"b\"}"}}) == json{{"labels", {"app"}}});
  CHECK(good("logs/label/app/values", {{"match", "{zone=\"z\"}"}}) == json{{"values", {"a"}}});
  CHECK(good("logs/label/app/values", {{"end", seconds(t0 - 1)}}) == json{{"values", {"b"}}});
  for (const char a : {'a', 'A'})
    CHECK(good("logs", {{"trace_id", std::string(16, a) + std::string(16, '0')}, {"start", "0"}})["data"]["result"]
              .size() == 2);
}

TEST_CASE_METHOD(asked_store, "a form's fields are parameters, any other body is refused") {
  write({"up", "down"}, t0);
  http::server_request request;
  request.method = "POST";
  request.query = {{"match", "up"}};
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  request.body = "match=%7B__name__%3D%22down%22%7D&limit=1";
  const auto said = data->ask("series", request, t0);
  CHECK(said.json == R"({"series":[{"__name__":"down"}],"truncated":true})");
  request.body = "limti=1";
  CHECK(data->ask("series", request, t0).json.find("unknown parameter \\\"limti\\\"") != std::string::npos);
  request.headers = {{"Content-Type", "application/json"}};
  request.body = "{}";
  CHECK(data->ask("series", request, t0).status == 400);
}
