#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <regex>
#include <sstream>

#include "tests/catch.hpp"
#include "tests/process/world.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

struct ran {
  int code = 0;
  std::string output;
};
ran run(std::vector<std::string> arguments) {
  temporary_directory directory;
  arguments.insert(arguments.begin(), TROUPE_PROGRAM);
  process one(std::move(arguments), directory.file("out"));
  ran made;
  made.code = one.wait();
  made.output = one.output();
  return made;
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size()))
    ++n;
  return n;
}

int status_of_head(const std::string& url) {
  http::client client;
  const auto session = *client.open({});
  http::request request;
  request.method = "HEAD";
  request.url = url;
  std::promise<int> said;
  client.submit(session, request, [&](http::response&& answer) { said.set_value(answer.status); });
  return said.get_future().get();
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream in(text);
  for (std::string one; std::getline(in, one);)
    all.push_back(one);
  return all;
}

constexpr const char* good = "prometheus.exporter.self \"a\" { }\n";
constexpr const char* ten_mistakes = R"(prometheus.scrape "a" {
  targets         = 5
  forward_to      = [prometheus.remote_write.missing.receiver]
  scrape_interval = "soon"
  unknown         = true
}
prometheus.scrape {
  targets    = []
  forward_to = []
}
prometheus.nothing "x" { }
prometheus.exporter.self "twice" { }
prometheus.exporter.self "twice" { }
stray = 1
prometheus.remote_write "w" {
  endpoint {
    queue_config { max_shards = -1 }
  }
}
prometheus.relabel "r" {
  forward_to = [prometheus.relabel.r.receiver]
  rule { action = "hashmod" }
}
)";

}  // namespace

TEST_CASE("version, help, components") {
  CHECK(run({"version"}).output.find("troupe ") == 0);
  CHECK(run({"--version"}).code == 0);
  CHECK(run({"--help"}).output.find("validate") != std::string::npos);
  CHECK(run({"components"}).output.find("prometheus.remote_write") != std::string::npos);
  CHECK(run({"components", "prometheus.scrape"}).output.find("scrape_interval (duration, default \"1m0s\")") !=
        std::string::npos);
  const auto misspelt = run({"components", "prometheus.scrap"});
  CHECK(misspelt.code == 1);
  CHECK(misspelt.output.find("Did you mean prometheus.scrape?") != std::string::npos);
  CHECK(run({"components", "--events"}).output.find("journal_opened") != std::string::npos);
}

TEST_CASE("what is not known is said, with what may have been meant") {
  const auto flag = run({"run", "x.alloy", "--storage.pth=/tmp"});
  CHECK(flag.code == 1);
  CHECK(flag.output.find("unknown flag: --storage.pth") != std::string::npos);
  CHECK(flag.output.find("--storage.path") != std::string::npos);
  const auto command = run({"valdate", "x"});
  CHECK(command.code == 1);
  CHECK(command.output.find("validate") != std::string::npos);
  CHECK(run({"run"}).code == 1);
  CHECK(run({"run", "x.alloy", "--stability.level=best"}).code == 1);
  temporary_directory directory;
  CHECK(run({"run", "/nowhere/x.alloy", "--storage.path=" + directory.file("data"),
             "--server.http.listen-addr=127.0.0.1:0"})
            .output.find("Error: /nowhere/x.alloy: No such file") != std::string::npos);
}

TEST_CASE("what can't be written to standard output is an error with its reason") {
  temporary_directory directory;
  const auto file = directory.file("a.alloy");
  std::ofstream(file) << good;
  for (const std::string& words :
       {"fmt " + file, std::string("components"), std::string("components prometheus.scrape"),
        std::string("components --events"), std::string("version"), std::string("--help"), std::string("run --help")}) {
    INFO(words);
    process one({"/bin/sh", "-c", std::string("exec " TROUPE_PROGRAM " ") + words + " >/dev/full"},
                directory.file("out"));
    CHECK(one.wait() == 1);
    CHECK(one.output() == "Error: cannot write standard output: No space left on device\n");
    std::filesystem::remove(directory.file("out"));
  }
}

TEST_CASE("a command that gets no memory ends with a message") {
  temporary_directory directory;
  const auto file = directory.file("a.alloy");
  {
    std::ofstream out(file);
    for (int i = 0; i < 1'000'000; ++i)
      out << "a = 1\n";
  }
  process one({"prlimit", "--as=300000000", TROUPE_PROGRAM, "fmt", file}, directory.file("out"));
  CHECK(one.wait() == 1);
  CHECK(one.output() == "Error: out of memory\n");
}

TEST_CASE("fmt prints, tests and writes") {
  temporary_directory directory;
  const auto file = directory.file("a.alloy");
  std::ofstream(file) << "prometheus.exporter.self   \"a\"   {   }\n";
  CHECK(run({"fmt", file}).output == "prometheus.exporter.self \"a\" { }\n");
  CHECK(run({"fmt", "--test", file}).code == 1);
  CHECK(run({"fmt", "--write", file}).code == 0);
  CHECK(run({"fmt", "--test", file}).code == 0);
  std::ofstream(file) << "broken {";
  CHECK(run({"fmt", file}).code == 1);
}

TEST_CASE("a configuration with many mistakes: each is reported, exit code 1, nothing started") {
  temporary_directory directory;
  const auto file = directory.file("bad.alloy");
  std::ofstream(file) << ten_mistakes;
  const auto checked = run({"validate", file});
  CHECK(checked.code == 1);
  CHECK(count(checked.output, "Error: " + file) >= 10);
  for (const char* part : {"unrecognized attribute name \"unknown\"", "must have a label",
                           "cannot find the definition of component name \"prometheus.nothing\"", "already declared",
                           "unrecognized attribute stray", "missing required attribute \"url\"", "max_shards",
                           "modulus", "does not exist or is out of scope", "self reference"}) {
    INFO(part);
    CHECK(checked.output.find(part) != std::string::npos);
  }
  collector troupe(ten_mistakes);
  CHECK(troupe.program().wait() == 1);
  CHECK(troupe.program().output().find("could not perform the initial load successfully") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(troupe.directory().file("data/prometheus.remote_write.w")));
}

TEST_CASE("no excerpt and no message shows a secret") {
  const std::string in_blocks = R"(prometheus.scrape "a" {
  targets      = []
  forward_to   = []
  bearer_token = ["S3CRETa"]
  bearer_tokn  = "S3CRETb"
  http_headers = { "X-Key" = ["S3CRETc", ["S3CRETd"]] }
  basic_auth {
    username = 5
    password = "S3CRETe"
    unknown  = 1
  }
}
prometheus.scrap "b" {
  bearer_token = "S3CRETf"
}
prometheus.remote_write "c" {
  endpoint {
    url     = ["http://u:S3CRETg@h"]
    unknown = 1
  }
}
bearer_token = "S3CRETh"
)";
  const std::string unparsable = R"(prometheus.scrape "a" {
  bearer_token = "S3CRETi
  bearer_token = 'S3CRETj'
  bearer_tokn  = "S3CRETk" = 5
  job_name     = "shown" = 5
  url          = "http://u:S3CRETl@h" = 5
)";
  temporary_directory directory;
  for (const auto& text : {in_blocks, unparsable}) {
    const auto file = directory.file("a.alloy");
    std::ofstream(file) << text;
    auto all = run({"validate", file}).output;
    if (text == unparsable) {
      all += run({"fmt", file}).output;
      CHECK(all.find("\"shown\"") != std::string::npos);
    }
    collector troupe(text);
    CHECK(troupe.program().wait() == 1);
    all += troupe.program().output();
    collector reloaded(good);
    reloaded.ready();
    reloaded.configure(text);
    const auto answer = post(reloaded.url("/-/reload")).body;
    CHECK(answer.find("***") != std::string::npos);
    all += answer + post(reloaded.url("/api/v0/web/config/check")).body;
    all += get(reloaded.url("/api/v0/web/config")).body + get(reloaded.url("/api/v0/web/activity")).body;
    reloaded.program().signal(SIGTERM);
    CHECK(reloaded.program().wait() == 0);
    all += reloaded.program().output();
    const auto leak = all.find("S3CRET");
    INFO(all.substr(leak == std::string::npos || leak < 200 ? 0 : leak - 200, 400));
    CHECK(leak == std::string::npos);
    if (text == in_blocks) CHECK(all.find("(secret) should be capsule, got array") != std::string::npos);
  }
}

TEST_CASE("of very many mistakes the first are shown and the others counted, in a text of bounded size") {
  std::string text = "prometheus.scrape \"a\" {\n  targets = []\n  forward_to = []\n";
  for (int i = 0; i < 20'000; ++i)
    text += "  wrong = " + std::to_string(i) + "\n";
  text += "}\n";
  collector troupe(good);
  troupe.ready();
  troupe.configure(text);
  const auto refused = post(troupe.url("/-/reload"));
  CHECK(refused.status == 400);
  CHECK(count(refused.body, "Error: ") == 1000);
  CHECK(refused.body.ends_with("\n19000 more not shown\n"));
  CHECK(post(troupe.url("/api/v0/web/config/check")).body.find("\"message\":\"19000 more not shown\"") !=
        std::string::npos);
  CHECK(eventually([&] { return troupe.program().output().find("; 19000 more not shown") != std::string::npos; }));
}

TEST_CASE("what is deprecated is a warning in the log of a load that succeeds") {
  collector troupe("prometheus.scrape \"a\" {\n  targets = []\n  forward_to = []\n  job_name = env(\"JOB\")\n}\n");
  troupe.ready();
  const auto warned = [&] {
    for (const auto& line : lines(troupe.program().output())) {
      if (line.find("this stdlib function is deprecated; please refer to the documentation") != std::string::npos)
        return line;
    }
    return std::string();
  };
  REQUIRE(eventually([&] { return !warned().empty(); }));
  CHECK(warned().find("level=warn") != std::string::npos);
  CHECK(warned().find("function=env") != std::string::npos);
  CHECK(warned().find(":4:14") != std::string::npos);
}

TEST_CASE("a good configuration validates") {
  temporary_directory directory;
  const auto file = directory.file("good.alloy");
  std::ofstream(file) << good;
  CHECK(run({"validate", file}).code == 0);
}

TEST_CASE("arguments that do not work yet are refused, unless they say the default") {
  temporary_directory directory;
  const auto file = directory.file("a.alloy");
  const auto with = [&](const std::string& argument) {
    std::ofstream(file) << "prometheus.scrape \"a\" {\n  targets = []\n  forward_to = []\n  " + argument + "\n}\n";
    return run({"validate", file});
  };
  CHECK(with("scrape_native_histograms = false").code == 0);
  const auto refused = with("scrape_native_histograms = true");
  CHECK(refused.code == 1);
  CHECK(refused.output.find("not supported yet") != std::string::npos);
  for (const char* protocol :
       {"scrape_protocols = [\"PrometheusProto\"]", "scrape_fallback_protocol = \"PrometheusProto\""})
    CHECK(with(protocol).output.find("\"PrometheusProto\" is not supported yet") != std::string::npos);
  std::ofstream(file)
      << "prometheus.remote_write \"a\" {\n  endpoint {\n    url = \"http://a\"\n    sigv4 { }\n  }\n}\n";
  CHECK(run({"validate", file}).output.find("not supported yet") != std::string::npos);
}

TEST_CASE("what is wrong with an argument is said at its place") {
  temporary_directory directory;
  const auto file = directory.file("a.alloy");
  const auto points = [&](const std::string& text, const std::string& argument, const std::string& message) {
    std::ofstream(file) << text;
    const auto said = run({"validate", file}).output;
    const auto at = text.find(argument);
    REQUIRE(at != std::string::npos);
    const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n') + 1;
    INFO(said);
    CHECK(said.find(file + ":" + std::to_string(line) + ":" + std::to_string(at - text.rfind('\n', at)) + ": ") !=
          std::string::npos);
    CHECK(said.find(message) != std::string::npos);
    CHECK(count(said, "Error: " + file) == 1);
  };
  const auto scrape = [&](const std::string& argument, const std::string& message) {
    points("prometheus.scrape \"a\" {\n  targets = []\n  forward_to = []\n  " + argument + "\n}\n", argument, message);
  };
  scrape("proxy_url = \"http://[\"", "proxy_url");
  scrape("http_headers = { \"a b\" = [\"c\"] }", "is malformed");
  scrape("proxy_connect_header = { \"a b\" = [\"c\"] }\n  proxy_url = \"http://p\"", "is malformed");
  scrape("bearer_token = \"a\\nb\"", "control characters");
  scrape("scrape_timeout = \"2m\"", "greater than scrape_interval");
  scrape("scrape_interval = \"5s\"", "greater than scrape_interval");
  const auto rule = [&](const std::string& written, const std::string& argument, const std::string& message) {
    points("prometheus.relabel \"a\" {\n  forward_to = []\n  rule {\n    " + written + "\n  }\n}\n", argument, message);
  };
  rule("action = \"nothing\"", "action", "unrecognized action");
  rule("action = \"keep\"\n    regex = \"(\"", "regex", "(");
  rule("action = \"hashmod\"\n    target_label = \"x\"", "rule", "modulus");
  rule("action = \"hashmod\"\n    modulus = 0\n    target_label = \"x\"", "modulus", "modulus");
  rule("action = \"replace\"\n    target_label = \"a b\"", "target_label", "a b");
}

TEST_CASE("module_path is where the configuration lies") {
  temporary_directory directory;
  const auto file = directory.file("a.alloy");
  std::ofstream(file) << "prometheus.scrape \"a\" {\n  targets = []\n  forward_to = []\n"
                         "  bearer_token_file = file.path_join(module_path, \"token\")\n}\n";
  CHECK(run({"validate", file}).output.empty());
}

TEST_CASE("what is wrong with an oauth2 block is said with its place") {
  temporary_directory directory;
  const auto file = directory.file("a.alloy");
  const auto with = [&](const std::string& block) {
    std::ofstream(file) << "prometheus.scrape \"a\" {\n  targets = []\n  forward_to = []\n  " + block + "\n}\n";
    return run({"validate", file}).output;
  };
  const auto good =
      std::string("client_id = \"me\"\n    client_secret = \"s3cret\"\n    token_url = \"http://t/token\"\n");
  const auto says = [&](const std::string& block, const std::string& text) {
    const auto said = with("oauth2 {\n    " + block + "  }");
    INFO(said);
    CHECK(said.find(text) != std::string::npos);
    CHECK(said.find("s3cret") == std::string::npos);
  };
  says("", "oauth2 client_id must be configured");
  says("client_id = \"me\"\n    token_url = \"http://t\"\n", "client_secret");
  says("client_id = \"me\"\n    client_secret = \"s3cret\"\n", "oauth2 token_url must be configured");
  says(good + "    client_secret_file = \"/f\"\n", "at most one of");
  says(good + "    scopes = \"a\"\n", "should be array");
  CHECK(with("oauth2 {\n    " + good + "  }\n  bearer_token = \"b\"").find("at most one of basic_auth") !=
        std::string::npos);
  CHECK(with("oauth2 {\n    " + good + "  }").empty());
}

TEST_CASE("a taken port, a storage path that is none: a clear message and exit code 1") {
  backend other;
  const auto address = "127.0.0.1:" + std::to_string(other.port());
  collector taken(good, {"--server.http.listen-addr=" + address});
  CHECK(taken.program().wait() == 1);
  temporary_directory directory;
  std::ofstream(directory.file("file")) << "";
  std::ofstream(directory.file("a.alloy")) << good;
  const auto path = run({"run", directory.file("a.alloy"), "--storage.path=" + directory.file("file"),
                         "--server.http.listen-addr=127.0.0.1:0"});
  CHECK(path.code == 1);
  CHECK(path.output.find("storage path") != std::string::npos);
  CHECK(path.output.find("--storage.path") != std::string::npos);
}

TEST_CASE("a reload with a mistake leaves the old configuration running; a good one is applied") {
  collector troupe(good);
  troupe.ready();
  troupe.configure(ten_mistakes);
  const auto refused = post(troupe.url("/-/reload"));
  CHECK(refused.status == 400);
  CHECK(refused.body.find("error during the initial load") == 0);
  CHECK(troupe.metric("alloy_config_last_load_successful") == 0);
  CHECK(troupe.metric("alloy_config_load_failures_total") == 1);
  CHECK(status_of_head(troupe.url("/-/reload")) == 405);
  CHECK(troupe.metric("alloy_config_load_failures_total") == 1);
  CHECK(get(troupe.url("/api/v0/web/components")).body.find("prometheus.exporter.self.a") != std::string::npos);
  troupe.configure("prometheus.exporter.self \"b\" { }\n");
  CHECK(post(troupe.url("/-/reload")).body == "config reloaded\n");
  const auto after = get(troupe.url("/api/v0/web/components")).body;
  CHECK(after.find("prometheus.exporter.self.b") != std::string::npos);
  CHECK(after.find("prometheus.exporter.self.a") == std::string::npos);
  troupe.configure(good);
  troupe.program().signal(SIGHUP);
  CHECK(eventually([&] {
    return get(troupe.url("/api/v0/web/components")).body.find("prometheus.exporter.self.a") != std::string::npos;
  }));
}

TEST_CASE("SIGINT and SIGTERM end it cleanly") {
  for (const int signal : {SIGINT, SIGTERM}) {
    collector troupe(good);
    troupe.ready();
    troupe.program().signal(signal);
    CHECK(troupe.program().wait() == 0);
  }
}

TEST_CASE("the first-run example keeps its own metrics, logs and traces in the embedded store") {
  std::ifstream example(TROUPE_SOURCE_DIR "/config/examples/first-run.alloy");
  collector troupe(std::string(std::istreambuf_iterator<char>(example), {}));
  troupe.ready();
  CHECK(eventually(
      [&] { return get(troupe.url("/api/v0/store/default/samples?match=up")).body.find(",1.0]") != std::string::npos; },
      30s));
  CHECK(get(troupe.url("/api/v0/store/default/label/job/values")).body == "{\"values\":[\"integrations/self\"]}");
  CHECK(get(troupe.url("/api/v0/store/default/samples?match=")).status == 400);
  CHECK(get(troupe.url("/api/v0/store/nothing/samples")).status == 404);
  CHECK(get(troupe.url("/api/v0/store/default/logs?contains=graph")).body.find("finished complete graph evaluation") !=
        std::string::npos);
  // One request shows a scrape's trace, the store's commit below the scrape. The newest may have come in part only:
  // spans travel together every few seconds, and scrapes may keep step with that.
  const auto whole = [&](const std::string& trace) {
    const auto tree = get(troupe.url("/api/v0/store/default/traces/" + trace)).body;
    const auto children = tree.find("\"children\":[{");
    return tree.find("\"name\":\"scrape\"") < children &&
           tree.find("\"name\":\"store\"", children) != std::string::npos;
  };
  const std::regex id("\"trace_id\":\"([0-9a-f]{32})\"");
  REQUIRE(eventually([&] {
    const auto list = get(troupe.url("/api/v0/store/default/traces?name=scrape&limit=2")).body;
    for (std::sregex_iterator one(list.begin(), list.end(), id), end; one != end; ++one) {
      if (whole((*one)[1].str())) return true;
    }
    return false;
  }));
  CHECK(get(troupe.url("/-/healthy")).status == 200);
  CHECK(get(troupe.url("/api/v0/component/prometheus.exporter.self.default/metrics"))
            .body.find("process_cpu_seconds_total") != std::string::npos);
  CHECK(get(troupe.url("/api/v0/component/prometheus.scrape.default/metrics")).status == 404);
  CHECK(get(troupe.url("/nowhere")).status == 404);
}
