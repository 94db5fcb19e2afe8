// The exporters of otelcol, fed with the collector's own spans.

#include <atomic>
#include <csignal>
#include <fstream>
#include <set>

#include "protocol/otlp/proto/trace_service.pb.h"
#include "tests/catch.hpp"
#include "tests/process/otlp_receiver.hpp"
#include "tests/process/world.hpp"
#include "tests/unit/http/certificates.hpp"
#include "tests/unit/otelcol/decompress.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

/// Spans, ten a second, to the exporters named here.
std::string spans_to(const std::string& inputs, const std::string& scraped, const std::string& exporters) {
  return "tracing {\n  sampling_fraction = 1\n  write_to = [" + inputs +
         "]\n}\n\nprometheus.scrape \"t\" {\n  targets = [{\"__address__\" = \"" + scraped +
         "\"}]\n  forward_to = []\n  scrape_interval = \"100ms\"\n  scrape_timeout = \"100ms\"\n}\n\n" + exporters;
}

std::string over_grpc(const std::string& label, const std::string& endpoint, const std::string& client,
                      const std::string& queue = "") {
  return "otelcol.exporter.otlp \"" + label + "\" {\n  client {\n    endpoint = \"" + endpoint + "\"\n" + client +
         "  }\n  retry_on_failure {\n    initial_interval = \"50ms\"\n    max_interval = \"200ms\"\n    "
         "max_elapsed_time = \"0s\"\n  }\n  sending_queue {\n" +
         queue + "  }\n}\n";
}

std::string over_http(const std::string& label, const std::string& address, const std::string& client) {
  return "otelcol.exporter.otlphttp \"" + label + "\" {\n  client {\n    endpoint = \"http://" + address + "\"\n" +
         client + "  }\n}\n";
}

constexpr const char* insecure = "    tls {\n      insecure = true\n    }\n";

std::string page(int) {
  return "# TYPE a gauge\na 1\n";
}

/// An OTLP server over HTTP that remembers one header of its requests, and how many spans each had.
class http_receiver {
 public:
  explicit http_receiver(std::string header = "Content-Encoding") : header_(std::move(header)) {}
  [[nodiscard]] std::string address() const { return server_->address(); }
  /// What the last request said, and spans so far by what their requests said.
  [[nodiscard]] std::string last() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }
  [[nodiscard]] std::map<std::string, int> spans() const {
    const std::lock_guard lock(mutex_);
    return spans_;
  }
  [[nodiscard]] int broken() const {
    const std::lock_guard lock(mutex_);
    return broken_;
  }

 private:
  void take(const http::server_request& request, const std::shared_ptr<http::responder>& to) {
    const std::lock_guard lock(mutex_);
    last_ = std::string(request.header(header_));
    const auto body = decompress(request.header("Content-Encoding"), request.body);
    opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest read;
    if (!body || !read.ParseFromString(*body)) {
      ++broken_;
    } else {
      for (const auto& group : read.resource_spans()) {
        for (const auto& scope : group.scope_spans())
          spans_[last_] += scope.spans_size();
      }
    }
    to->respond(200, "application/x-protobuf", "");
  }

  const std::string header_;
  mutable std::mutex mutex_;
  std::string last_;
  std::map<std::string, int> spans_;
  int broken_ = 0;
  std::unique_ptr<http::server> server_ = listen(0, [this](const auto& request, auto to) { take(request, to); });
};

std::string metadata_of(const otlp_receiver& from, const std::string& name) {
  const auto all = from.metadata();
  const auto at = all.find(name);
  return at == all.end() ? "" : at->second;
}

}  // namespace

TEST_CASE("an exporter over gRPC says who it is, and someone else after a reload") {
  certificate authority{"Test Authority", "", true};
  certificate local{"local", "DNS:localhost,IP:127.0.0.1", false, &authority};
  const otlp_receiver::tls secure{local.cert_pem(), local.key_pem()};
  otlp_receiver tempo(&secure);
  target scraped(page);
  temporary_directory files;
  std::ofstream(files.file("ca.pem")) << authority.cert_pem();
  const auto config = [&](const std::string& handler, const std::string& auth) {
    return spans_to(
        "otelcol.exporter.otlp.default.input", scraped.address(),
        over_grpc("default", tempo.endpoint(),
                  "    auth = " + handler + "\n    tls {\n      ca_file = \"" + files.file("ca.pem") + "\"\n    }\n") +
            auth);
  };
  const std::string basic =
      "otelcol.auth.basic \"creds\" {\n  client_auth {\n    username = \"u\"\n    password = \"Geheimnis\"\n  }\n}\n";
  collector troupe(config("otelcol.auth.basic.creds.handler", basic));
  troupe.ready();
  REQUIRE(eventually([&] { return metadata_of(tempo, "authorization") == "Basic dTpHZWhlaW1uaXM="; }));
  REQUIRE(eventually([&] { return !tempo.spans().empty(); }));
  const auto shown = get(troupe.url("/api/v0/web/components/otelcol.auth.basic.creds")).body;
  CHECK(shown.find("\"state\":\"healthy\"") != std::string::npos);
  CHECK(shown.find("auth.Handler") != std::string::npos);
  CHECK(shown.find("Geheimnis") == std::string::npos);
  CHECK(get(troupe.url("/api/v0/web/components/otelcol.exporter.otlp.default")).body.find("Geheimnis") ==
        std::string::npos);
  // Other arguments of the same component; then another one.
  troupe.configure(config("otelcol.auth.basic.creds.handler",
                          "otelcol.auth.basic \"creds\" {\n  username = \"v\"\n  password = \"p\"\n}\n"));
  CHECK(post(troupe.url("/-/reload")).status == 200);
  REQUIRE(eventually([&] { return metadata_of(tempo, "authorization") == "Basic djpw"; }));
  troupe.configure(config("otelcol.auth.bearer.creds.handler",
                          "otelcol.auth.bearer \"creds\" {\n  token = \"t\"\n  header = \"X-Token\"\n}\n"));
  CHECK(post(troupe.url("/-/reload")).status == 200);
  REQUIRE(eventually([&] { return metadata_of(tempo, "x-token") == "Bearer t"; }));
  CHECK(metadata_of(tempo, "authorization").empty());
  CHECK(get(troupe.url("/-/healthy")).status == 200);
}

TEST_CASE("an exporter over HTTP says who it is, and someone else when a file or a reload says so") {
  http_receiver backend("Authorization");
  target scraped(page);
  temporary_directory files;
  std::ofstream(files.file("name")) << "u\n";
  const auto config = [&](const std::string& handler, const std::string& auth) {
    return spans_to("otelcol.exporter.otlphttp.default.input", scraped.address(),
                    over_http("default", backend.address(), "    auth = " + handler + "\n") + auth);
  };
  collector troupe(config("otelcol.auth.basic.creds.handler",
                          "otelcol.auth.basic \"creds\" {\n  client_auth {\n    username_file = \"" +
                              files.file("name") + "\"\n    password = \"p\"\n  }\n}\n"));
  troupe.ready();
  REQUIRE(eventually([&] { return backend.last() == "Basic dTpw"; }));
  std::ofstream(files.file("name")) << "v\n";
  REQUIRE(eventually([&] { return backend.last() == "Basic djpw"; }));
  troupe.configure(config(
      "otelcol.auth.headers.creds.handler",
      "otelcol.auth.headers \"creds\" {\n  header {\n    key = \"authorization\"\n    value = \"other\"\n  }\n}\n"));
  CHECK(post(troupe.url("/-/reload")).status == 200);
  REQUIRE(eventually([&] { return backend.last() == "other"; }));
  CHECK(backend.broken() == 0);
  CHECK(backend.spans().count("") == 0);  // none without
}

TEST_CASE("an exporter gets a token, and what it sends carries that") {
  http_receiver backend("Authorization");
  target scraped(page);
  std::mutex mutex;
  std::vector<std::string> asked;
  const auto tokens = listen(0, [&](const auto& request, auto to) {
    const std::lock_guard lock(mutex);
    asked.push_back(request.body);
    to->respond(200, "application/json", R"({"access_token": "abc", "token_type": "Bearer", "expires_in": 3600})");
  });
  collector troupe(spans_to("otelcol.exporter.otlphttp.default.input", scraped.address(),
                            over_http("default", backend.address(), "    auth = otelcol.auth.oauth2.creds.handler\n") +
                                "otelcol.auth.oauth2 \"creds\" {\n  client_id = \"i\"\n  client_secret = \"s\"\n  "
                                "token_url = \"http://" +
                                tokens->address() + "/token\"\n  scopes = [\"write\"]\n}\n"));
  troupe.ready();
  REQUIRE(eventually([&] { return backend.last() == "Bearer abc"; }));
  CHECK(backend.spans().count("") == 0);
  const std::lock_guard lock(mutex);
  CHECK(asked.size() == 1);
  CHECK(asked.at(0).find("scope=write") != std::string::npos);
}

TEST_CASE("a handler is what the argument takes, and a file that is not there is said") {
  target scraped(page);
  temporary_directory files;
  const auto refused = [&](const std::string& handler, const std::string& more) {
    collector troupe(spans_to("otelcol.exporter.otlphttp.default.input", scraped.address(),
                              over_http("default", "127.0.0.1:1", "    auth = " + handler + "\n") + more));
    CHECK(troupe.program().wait() == 1);
    return troupe.program().output();
  };
  auto said = refused("otelcol.exporter.otlphttp.other.input", over_http("other", "127.0.0.1:1", ""));
  INFO(said);
  CHECK(said.find("expected capsule(\"auth.Handler\"), got capsule(\"otelcol.Consumer\")") != std::string::npos);
  CHECK(said.find(":16:12: ") != std::string::npos);
  said = refused("otelcol.auth.basic.creds.handler",
                 "otelcol.auth.basic \"creds\" {\n  client_auth {\n    username_file = \"" + files.file("none") +
                     "\"\n    password = \"p\"\n  }\n}\n");
  INFO(said);
  CHECK(said.find("auth: username_file: ") != std::string::npos);
}

TEST_CASE("a block batch joins what waits, and splits what is too large") {
  otlp_receiver joined, split;
  target scraped(page);
  collector troupe(spans_to(
      "otelcol.exporter.otlp.joined.input, otelcol.exporter.otlp.split.input", scraped.address(),
      over_grpc("joined", joined.endpoint(), insecure,
                "    batch {\n      min_size = 70\n      max_size = 0\n      flush_timeout = \"1h\"\n    }\n") +
          over_grpc("split", split.endpoint(), insecure,
                    "    batch {\n      min_size = 0\n      max_size = 3\n    }\n")));
  troupe.ready();
  REQUIRE(eventually([&] { return joined.sizes().size() > 1; }, 60s));
  for (const auto size : joined.sizes())
    CHECK(size >= 70);  // five seconds' worth is less
  REQUIRE(eventually([&] { return split.spans().size() >= joined.spans().size(); }));
  for (const auto size : split.sizes())
    CHECK((size > 0 && size <= 3));
  troupe.program().signal(SIGTERM);
  CHECK(troupe.program().wait() == 0);
  // Both got the same ones, each once.
  const auto ids = [](const otlp_receiver& from) {
    std::set<std::string> all;
    for (const auto& one : from.spans())
      all.insert(one.trace + one.id);
    return all;
  };
  CHECK(ids(joined) == ids(split));
  CHECK(ids(joined).size() == joined.spans().size());
  CHECK(ids(split).size() == split.spans().size());
}

TEST_CASE("whoever waits for the result has it when the backend has the spans, not before") {
  for (const char* queue : {"    wait_for_result = true\n", "    enabled = false\n"}) {
    INFO(queue);
    otlp_receiver tempo;
    std::atomic<bool> down{true};
    tempo.answers(
        [&](int) { return otlp_receiver::answer{.code = down ? 14 : 0, .message = "not now", .keep = !down}; });
    target scraped(page);
    collector troupe(spans_to("otelcol.exporter.otlp.default.input", scraped.address(),
                              over_grpc("default", tempo.endpoint(), insecure, queue)));
    troupe.ready();
    const std::string edge = "to=\"otelcol.exporter.otlp.default\"";
    REQUIRE(eventually([&] { return troupe.metric("troupe_edge_in_flight_batches", edge) > 1; }));
    const auto attempts = tempo.requests();
    REQUIRE(eventually([&] { return tempo.requests() > attempts + 3; }));
    CHECK(troupe.metric("troupe_edge_settled_items_total", edge) == 0);
    const auto before = troupe.metric("troupe_edge_pushed_items_total", edge);
    down = false;
    REQUIRE(eventually([&] { return troupe.metric("troupe_edge_settled_items_total", edge) >= before; }));
    CHECK(static_cast<double>(tempo.spans().size()) >= before);
    CHECK(troupe.metric("troupe_edge_dropped_items_total", edge) == 0);
    troupe.program().signal(SIGTERM);
    CHECK(troupe.program().wait() == 0);
    std::set<std::string> ids;
    for (const auto& one : tempo.spans())
      ids.insert(one.trace + one.id);
    CHECK(ids.size() == tempo.spans().size());
  }
}

TEST_CASE("each compression over HTTP is what its name says") {
  http_receiver backend;
  target scraped(page);
  std::string inputs, exporters;
  const std::vector<std::string> names{"gzip", "zlib", "deflate", "snappy", "x-snappy-framed", "zstd", "lz4"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto label = "e" + std::to_string(i);
    inputs += (i == 0 ? "" : ", ") + ("otelcol.exporter.otlphttp." + label + ".input");
    exporters += over_http(label, backend.address(), "    compression = \"" + names[i] + "\"\n");
  }
  collector troupe(spans_to(inputs, scraped.address(), exporters));
  troupe.ready();
  REQUIRE(eventually([&] { return backend.spans().size() == names.size(); }));
  CHECK(backend.broken() == 0);
  for (const auto& name : names)
    CHECK(backend.spans().at(name) > 0);
}
