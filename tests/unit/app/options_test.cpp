#include "actors/app/options.hpp"

#include "tests/catch.hpp"

using namespace troupe::app;

namespace {

command parse(std::vector<const char*> words) {
  words.insert(words.begin(), "troupe");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

}  // namespace

TEST_CASE("run and its flags") {
  const auto asked = parse({"run", "a.alloy", "--server.http.listen-addr=:1", "--storage.path", "/x",
                            "--feature.component-shutdown-deadline=1m"});
  CHECK(asked.what == command::kind::run);
  CHECK(asked.run.path == "a.alloy");
  CHECK(asked.run.listen_address == ":1");
  CHECK(asked.run.storage_path == "/x");
  CHECK(asked.run.shutdown_deadline == std::chrono::minutes(1));
  CHECK(parse({"run", "a", "--stability.level=experimental"}).run.stability == troupe::config::stability::experimental);
}

TEST_CASE("a path prefix begins and ends with a slash, however it is written") {
  CHECK(parse({"run", "a"}).run.ui_path_prefix == "/");
  for (const char* written : {"x/y", "/x/y", "x/y/", "/x/y/"})
    CHECK(parse({"run", "a", "--server.http.ui-path-prefix", written}).run.ui_path_prefix == "/x/y/");
}

TEST_CASE("how durable the journals are") {
  CHECK_FALSE(parse({"run", "a"}).run.sync_each_batch);
  CHECK(parse({"run", "a", "--storage.sync=always"}).run.sync_each_batch);
  CHECK(parse({"run", "a", "--storage.sync=never"}).exit_code == 1);
}

TEST_CASE("tap and its flags") {
  const auto asked = parse({"tap", "loki.write.a", "--sample=0.1", "--edge", "logging", "--server", "h:1"});
  CHECK(asked.what == command::kind::tap);
  CHECK(asked.name == "loki.write.a");
  CHECK(asked.edge == "logging");
  CHECK(asked.server == "h:1");
  CHECK(asked.sample == Approx(0.1));
  CHECK(parse({"tap", "a", "--sample=2"}).exit_code == 1);
  CHECK(parse({"tap"}).exit_code == 1);
}

TEST_CASE("what is wrong is said, with exit code 1") {
  for (const auto& words :
       std::vector<std::vector<const char*>>{{"run"},
                                             {"run", "a", "b"},
                                             {"run", "a", "--no-such-flag"},
                                             {"nothing"},
                                             {"run", "a", "--feature.component-shutdown-deadline=soon"},
                                             {"fmt", "-w", "-t", "a"}}) {
    const auto asked = parse(words);
    CHECK(asked.exit_code == 1);
    CHECK(asked.message.find("Error: ") == 0);
  }
  CHECK(parse({"run", "a", "--server.http.lisen-addr=x"}).message.find("Did you mean --server.http.listen-addr?") !=
        std::string::npos);
}
