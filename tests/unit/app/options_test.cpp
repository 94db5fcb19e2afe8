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
