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

TEST_CASE("a path prefix that no URL can have as it stands is refused") {
  CHECK(parse({"run", "a", "--server.http.ui-path-prefix=/a-b_c~/d.e/:@!$&'()*+,;="}).message.empty());
  for (const char* written : {"//", "/a//b", "/a//", "/px?x", "/px#x", "/a b", "/a%20b", "/a\"b", "/a<b", "/a\\b",
                              "/a/../b", "/./a", "..", "/\xc3\xa4", "/a\nb", "/a{b}"}) {
    INFO(written);
    const auto asked = parse({"run", "a", "--server.http.ui-path-prefix", written});
    CHECK(asked.exit_code == 1);
    CHECK(
        asked.message.starts_with("Error: invalid value for --server.http.ui-path-prefix: \"" + std::string(written)));
  }
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

TEST_CASE("of a flag that is given again the last value counts") {
  const auto asked = parse({"run", "--storage.path=/a", "x", "--storage.path", "/b", "--stability.level=experimental",
                            "--stability.level=public-preview", "--cluster.enabled", "--cluster.enabled=false"});
  CHECK(asked.message.empty());
  CHECK(asked.run.path == "x");
  CHECK(asked.run.storage_path == "/b");
  CHECK(asked.run.stability == troupe::config::stability::public_preview);
  CHECK(parse({"fmt", "-w", "-w", "a"}).write);
  CHECK(parse({"tap", "a", "--sample=0.1", "--sample=0.2"}).sample == Approx(0.2));
}

TEST_CASE("an empty value is a value, and no other word is taken for it") {
  CHECK(parse({"run", "--server.http.ui-path-prefix=", "x"}).run.path == "x");
  CHECK(parse({"run", "--server.http.ui-path-prefix=", "x"}).run.ui_path_prefix == "/");
  const auto says = [](std::vector<const char*> words, const std::string& expected) {
    const auto asked = parse(std::move(words));
    CHECK(asked.exit_code == 1);
    CHECK(asked.message.substr(0, asked.message.find('\n')) == "Error: " + expected);
  };
  says({"run", "--storage.path=", "x"}, "--storage.path needs a value");
  says({"run", "--storage.path", "", "x"}, "--storage.path needs a value");
  says({"run", "x", "--storage.path"}, "--storage.path needs a value");
  says({"run", "--server.http.ui-path-prefix=", "--server.http.memory-addr=", "x"},
       "--server.http.memory-addr needs a value");
  says({"run", "x", "--config.format"}, "--config.format needs a value");
  says({"run", "x", "--config.format", ""}, "--config.format needs a value");
  for (const char* command : {"run", "validate"}) {
    for (const char* flag : {"--stability.level=", "--stability.level"})
      says({command, "x", flag}, "--stability.level needs a value: generally-available, public-preview, experimental");
  }
  CHECK(parse({"tap", "a", "--edge=", "--server=h"}).server == "h");
}

TEST_CASE("flags of Alloy's may say what is true here") {
  for (const char* flag :
       {"--disable-reporting", "--disable-reporting=false", "--cluster.enabled=false", "--cluster.enabled=F",
        "--server.http.enable-pprof=false", "--server.http.disable-support-bundle",
        "--server.http.disable-support-bundle=1", "--config.format=alloy", "--config.bypass-conversion-errors=false",
        "--feature.community-components.enabled=false", "--server.http.enable-graphql=false",
        "--server.http.enable-graphql-playground=false", "--windows.priority=normal"}) {
    INFO(flag);
    const auto asked = parse({"run", flag, "x"});
    CHECK(asked.message.empty());
    CHECK(asked.run.path == "x");
  }
  CHECK(parse({"validate", "--config.format=alloy", "x"}).message.empty());
  CHECK(parse({"validate", "--cluster.enabled=false", "x"}).message.find("unknown flag") != std::string::npos);
  for (const char* flag :
       {"--cluster.enabled", "--cluster.enabled=true", "--server.http.enable-pprof=maybe", "--config.format=static",
        "--server.http.disable-support-bundle=false", "--windows.priority=high"}) {
    const auto asked = parse({"run", flag, "x"});
    INFO(flag << ": " << asked.message);
    CHECK(asked.exit_code == 1);
    CHECK(asked.message.find("isn't supported yet: leave it out, or say --") != std::string::npos);
  }
  CHECK(parse({"run", "x", "--cluster.enabled"})
            .message.starts_with(
                "Error: --cluster.enabled=true isn't supported yet: leave it out, or say --cluster.enabled=false\n"));
  CHECK(parse({"run", "--help"}).message.find("cluster.enabled") == std::string::npos);
}

TEST_CASE("help is of the whole program's name, and what is too much is refused") {
  CHECK(parse({"run", "-h"}).message.find("Usage: troupe run ") != std::string::npos);
  CHECK(parse({"components", "--events", "extra"}).message.starts_with("Error: unexpected argument: extra\n"));
}
