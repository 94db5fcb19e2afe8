// The collector's own traces, in an OTLP server.

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "protocol/http/inflate.hpp"
#include "protocol/otlp/proto/trace_service.pb.h"
#include "tests/catch.hpp"
#include "tests/process/otlp_receiver.hpp"
#include "tests/process/world.hpp"
#include "tests/unit/http/certificates.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

std::string pipelines(const std::string& scraped, const std::string& backend_url, const std::string& exporter,
                      const std::string& tracing = "sampling_fraction = 1") {
  return "tracing {\n  " + tracing + "\n  write_to = [" + exporter.substr(0, exporter.find(' ')) +
         ".default.input]\n}\n\n" + exporter + "\n\nprometheus.scrape \"t\" {\n  targets = [{\"__address__\" = \"" +
         scraped +
         "\"}]\n  forward_to = [prometheus.relabel.t.receiver]\n  scrape_interval = \"500ms\"\n  scrape_timeout = "
         "\"500ms\"\n}\n\nprometheus.relabel \"t\" {\n  forward_to = [prometheus.remote_write.t.receiver]\n  rule {\n "
         "   target_label = \"x\"\n    replacement = \"y\"\n  }\n}\n\nprometheus.remote_write \"t\" {\n  endpoint {\n  "
         " "
         " url = \"" +
         backend_url + "\"\n    queue_config {\n      batch_send_deadline = \"100ms\"\n    }\n  }\n}\n";
}

std::string otlp_exporter(const std::string& endpoint,
                          const std::string& client = "tls {\n      insecure = true\n    }",
                          const std::string& more = "") {
  return "otelcol.exporter.otlp \"default\" {\n  client {\n    endpoint = \"" + endpoint + "\"\n    " + client +
         "\n  }\n  retry_on_failure {\n    initial_interval = \"50ms\"\n    max_interval = \"200ms\"\n    "
         "max_elapsed_time = \"0s\"\n  }\n" +
         more + "}";
}

std::string page(int) {
  return "# TYPE a gauge\na 1\n";
}

/// Spans of one trace by name.
std::map<std::string, otlp_receiver::span> trace_of(const std::vector<otlp_receiver::span>& all,
                                                    const std::string& id) {
  std::map<std::string, otlp_receiver::span> made;
  for (const auto& one : all) {
    if (one.trace == id) made[one.name] = one;
  }
  return made;
}

/// Whether some connection of this machine to that port waits to be probed (proc(5), net/tcp: timer 2).
bool is_probed(int port) {
  std::ifstream table("/proc/net/tcp");
  char wanted[8];
  std::snprintf(wanted, sizeof wanted, ":%04X", static_cast<unsigned>(port));
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::string number, local, remote, state, queues, timer;
    fields >> number >> local >> remote >> state >> queues >> timer;
    if (remote.ends_with(wanted) && state == "01" && timer.starts_with("02:")) return true;
  }
  return false;
}

/// The id of a trace that has them all; empty: there is none.
std::string trace_with(const std::vector<otlp_receiver::span>& all, const std::set<std::string>& names) {
  for (const auto& one : all) {
    const auto its = trace_of(all, one.trace);
    if (std::all_of(names.begin(), names.end(), [&](const auto& n) { return its.contains(n); })) return one.trace;
  }
  return {};
}

}  // namespace

TEST_CASE("a trace shows a scrape from the target to the backend's acknowledgement; another the load") {
  otlp_receiver tempo;
  target scraped(page);
  backend to;
  collector troupe(pipelines(scraped.address(), to.url(), otlp_exporter(tempo.endpoint())));
  troupe.ready();
  const std::set<std::string> wanted{"scrape", "relabel", "journal append", "deliver"};
  REQUIRE(eventually([&] { return !trace_with(tempo.spans(), wanted).empty(); }));
  const auto all = tempo.spans();
  auto trace = trace_of(all, trace_with(all, wanted));
  const auto& scrape = trace.at("scrape");
  CHECK(scrape.parent.empty());
  CHECK(scrape.attributes.at("alloy.component_id") == "prometheus.scrape.t");
  CHECK(scrape.resource.at("service.name") == "alloy");
  CHECK(scrape.resource.contains("host.name"));
  CHECK(scrape.resource.contains("service.instance.id"));
  for (const char* name : {"relabel", "journal append", "deliver"}) {
    INFO(name);
    CHECK(trace.at(name).parent == scrape.id);
    CHECK(trace.at(name).end_ns >= scrape.start_ns);
  }
  REQUIRE(eventually([&] { return !trace_with(tempo.spans(), {"GraphEvaluate"}).empty(); }));
  const auto later = tempo.spans();
  const auto load = trace_with(later, {"GraphEvaluate", "EvaluateNode"});
  REQUIRE_FALSE(load.empty());
  std::set<std::string> nodes;
  for (const auto& one : later) {
    if (one.trace != load || one.name != "EvaluateNode") continue;
    nodes.insert(one.attributes.at("node_id"));
    CHECK(one.parent == trace_of(later, load).at("GraphEvaluate").id);
  }
  CHECK(nodes == std::set<std::string>{"tracing", "otelcol.exporter.otlp.default", "prometheus.scrape.t",
                                       "prometheus.relabel.t", "prometheus.remote_write.t"});
  CHECK_FALSE(trace_with(later, {"HTTP request"}).empty());  // of ready()
  CHECK(troupe.metric("rpc_client_duration_milliseconds_count", "rpc_grpc_status_code=\"0\"") > 0);
  CHECK(troupe.metric("otelcol_exporter_sent_spans_total") > 0);
  // The load's line carries the trace's id.
  CHECK(troupe.program().output().find("trace_id=" + load) != std::string::npos);
  CHECK(tempo.metadata().at("user-agent").find("Troupe/") == 0);

  troupe.configure(pipelines(scraped.address(), to.url(), otlp_exporter(tempo.endpoint())) +
                   "prometheus.remote_write \"z\" {\n  endpoint {\n    url = \"::::bad\"\n  }\n}\n");
  CHECK(post(troupe.url("/-/reload")).status == 400);
  const auto failed = [&](const std::string& name) -> std::optional<otlp_receiver::span> {
    for (const auto& one : tempo.spans()) {
      if (one.name == name && one.failed) return one;
    }
    return std::nullopt;
  };
  REQUIRE(eventually([&] { return failed("GraphEvaluate") && failed("EvaluateNode"); }));
  CHECK(failed("EvaluateNode")->attributes.at("node_id") == "prometheus.remote_write.z");
  CHECK(failed("EvaluateNode")->parent == failed("GraphEvaluate")->id);
  CHECK(troupe.program().output().find("trace_id=" + failed("GraphEvaluate")->trace) != std::string::npos);
  troupe.program().signal(SIGTERM);
  CHECK(troupe.program().wait() == 0);
}

TEST_CASE("spans arrive once each over TLS: start, reload, an outage, the end") {
  certificate authority{"Test Authority", "", true};
  certificate local{"local", "DNS:localhost,IP:127.0.0.1", false, &authority};
  const otlp_receiver::tls secure{local.cert_pem(), local.key_pem()};
  auto tempo = std::make_unique<otlp_receiver>(&secure);
  const int port = tempo->port();
  target scraped(page);
  backend to;
  temporary_directory files;
  std::ofstream(files.file("ca.pem")) << authority.cert_pem();
  const auto with_ca = "tls {\n      ca_file = \"" + files.file("ca.pem") +
                       "\"\n    }\n    keepalive {\n      ping_wait = \"30s\"\n      ping_without_stream = true\n    }";
  const auto config = pipelines(scraped.address(), to.url(), otlp_exporter(tempo->endpoint(), with_ca));
  collector troupe(config);
  troupe.ready();
  REQUIRE(eventually([&] { return tempo->spans().size() > 5; }));
  CHECK(eventually([&] { return is_probed(port); }));
  CHECK(post(troupe.url("/-/reload")).status == 200);
  auto received = tempo->spans();
  tempo->answers([](int) { return otlp_receiver::answer{.code = 14, .message = "not now", .keep = false}; });
  REQUIRE(
      eventually([&] { return get(troupe.url("/-/healthy")).body.find("UNAVAILABLE: not now") != std::string::npos; }));
  tempo->answers(nullptr);
  REQUIRE(eventually([&] { return get(troupe.url("/-/healthy")).status == 200; }));
  received = tempo->spans();
  tempo.reset();
  REQUIRE(eventually([&] { return get(troupe.url("/-/healthy")).status == 500; }));
  tempo = std::make_unique<otlp_receiver>(&secure, port);
  REQUIRE(eventually([&] { return !tempo->spans().empty() && get(troupe.url("/-/healthy")).status == 200; }));
  troupe.program().signal(SIGTERM);
  CHECK(troupe.program().wait() == 0);
  const auto more = tempo->spans();
  received.insert(received.end(), more.begin(), more.end());
  std::set<std::string> ids;
  for (const auto& one : received)
    ids.insert(one.trace + one.id);
  CHECK(ids.size() == received.size());
  // Every scrape has its span: each request of the target one.
  const auto scrapes =
      std::count_if(received.begin(), received.end(), [](const auto& s) { return s.name == "scrape"; });
  CHECK(scrapes == scraped.scrapes());
}

TEST_CASE("TLS is on by default, and a server that does not speak it is said") {
  otlp_receiver tempo;  // without TLS
  target scraped(page);
  backend to;
  collector troupe(pipelines(scraped.address(), to.url(), otlp_exporter(tempo.endpoint(), "")));
  troupe.ready();
  REQUIRE(eventually(
      [&] { return get(troupe.url("/-/healthy")).body.find("otelcol.exporter.otlp.default") != std::string::npos; }));
  INFO(get(troupe.url("/-/healthy")).body);
  CHECK(get(troupe.url("/-/healthy")).body.find("https://") != std::string::npos);
  CHECK(tempo.spans().empty());
}

TEST_CASE("what the backend refuses is counted and not sent again; what it takes in part likewise") {
  otlp_receiver tempo;
  target scraped(page);
  backend to;
  tempo.answers([](int request) {
    if (request == 1) return otlp_receiver::answer{.code = 3, .message = "bad span"};
    if (request == 2) return otlp_receiver::answer{.message = "one too many", .rejected = 1};
    return otlp_receiver::answer{};
  });
  collector troupe(pipelines(scraped.address(), to.url(), otlp_exporter(tempo.endpoint())));
  troupe.ready();
  REQUIRE(eventually([&] { return tempo.requests() > 3; }, 60s));
  REQUIRE(eventually([&] { return troupe.metric("otelcol_exporter_sent_spans_total") > 0; }));
  CHECK(troupe.metric("otelcol_exporter_send_failed_spans_total") > 1);
  CHECK(troupe.program().output().find("bad span") != std::string::npos);
  REQUIRE(eventually([&] {
    const auto kept = static_cast<double>(tempo.spans().size());
    return troupe.metric("otelcol_exporter_sent_spans_total") == kept - 1;
  }));
}

TEST_CASE("traces over HTTP: protobuf and JSON, compressed and not; 429 with Retry-After is tried again, 400 is not") {
  struct seen {
    std::mutex mutex;
    std::set<std::string> names;
    std::vector<std::string> errors;
    int requests = 0, first_status = 0;
  };
  struct row {
    const char* client;
    const char* more;
    bool gzip, json;
    int first_status;
  };
  for (const auto& [client, more, gzip, json, first_status] :
       {row{"", "", true, false, 429}, row{"compression = \"none\"", "encoding = \"json\"\n", false, true, 400}}) {
    INFO(client << more);
    seen got;
    got.first_status = first_status;
    const auto receiver = listen(0, [&, gzip = gzip, json = json](const auto& request, auto to) {
      const std::lock_guard lock(got.mutex);
      if (++got.requests == 1) return to->respond(got.first_status, "text/plain", "not this", {{"Retry-After", "1"}});
      std::string body = request.body;
      if (request.path != "/v1/traces" || (request.header("Content-Encoding") == "gzip") != gzip ||
          request.header("Content-Type") != (json ? "application/json" : "application/x-protobuf") ||
          request.header("X-Token") != "t") {
        got.errors.push_back("wrong path or headers");
      }
      if (gzip) {
        http::body plain;
        if (http::inflate_gzip(body, 16 << 20, plain) != http::inflate_fault::none) got.errors.push_back("no gzip");
        body = plain.view();
      }
      if (json) {
        const auto read = nlohmann::json::parse(body);
        for (const auto& scope : read["resourceSpans"][0]["scopeSpans"]) {
          for (const auto& span : scope["spans"]) {
            got.names.insert(span["name"]);
            if (span["traceId"].get<std::string>().size() != 32) got.errors.push_back("no hexadecimal id");
          }
        }
      } else {
        opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest read;
        if (!read.ParseFromString(body)) got.errors.push_back("no protobuf");
        for (const auto& scope : read.resource_spans(0).scope_spans()) {
          for (const auto& span : scope.spans())
            got.names.insert(span.name());
        }
      }
      to->respond(200, json ? "application/json" : "application/x-protobuf", json ? "{}" : "");
    });
    target scraped(page);
    backend to;
    collector troupe(pipelines(scraped.address(), to.url(),
                               std::string("otelcol.exporter.otlphttp \"default\" {\n  ") + more +
                                   "  client {\n    endpoint = \"http://" + receiver->address() +
                                   "\"\n    headers = {\"X-Token\" = \"t\"}\n    " + client + "\n  }\n}"));
    troupe.ready();
    REQUIRE(eventually([&] {
      const std::lock_guard lock(got.mutex);
      return got.names.contains("scrape") && got.names.contains("deliver");
    }));
    const auto code = "http_response_status_code=\"" + std::to_string(first_status) + "\"";
    CHECK(troupe.metric("http_client_duration_milliseconds_count", code) >= 1);
    const std::lock_guard lock(got.mutex);
    CHECK(got.errors == std::vector<std::string>{});
    // The spans of the load were in the first request.
    CHECK(got.names.contains("GraphEvaluate") == (first_status == 429));
  }
}

TEST_CASE("with send_traceparent trace context goes out with scrapes and counts on requests that come in") {
  otlp_receiver tempo;
  std::mutex mutex;
  std::set<std::string> sent;
  const auto scraped = listen(0, [&](const auto& request, auto to) {
    const std::lock_guard lock(mutex);
    sent.insert(std::string(request.header("traceparent")));
    to->respond(200, "text/plain; version=0.0.4", "a 1\n");
  });
  backend to;
  collector troupe(pipelines(scraped->address(), to.url(), otlp_exporter(tempo.endpoint()),
                             "sampling_fraction = 1\n  send_traceparent = true"));
  troupe.ready();
  REQUIRE(eventually([&] { return !trace_with(tempo.spans(), {"scrape"}).empty(); }));
  const auto id = trace_with(tempo.spans(), {"scrape"});
  const auto scrape = trace_of(tempo.spans(), id).at("scrape");
  {
    const std::lock_guard lock(mutex);
    CHECK(sent.contains("00-" + id + "-" + scrape.id + "-01"));
  }
  http::client client;
  const auto session = *client.open({});
  http::request request;
  request.url = troupe.url("/-/ready");
  request.headers = {{"traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"}};
  client.submit(session, request, [](http::response&&) {});
  REQUIRE(eventually([&] { return !trace_of(tempo.spans(), "0123456789abcdef0123456789abcdef").empty(); }));
  CHECK(trace_of(tempo.spans(), "0123456789abcdef0123456789abcdef").at("HTTP request").parent == "0123456789abcdef");
}

TEST_CASE("a server that hangs is given up after the time-out, one that is exhausted left alone as long as it asks") {
  otlp_receiver tempo;
  target scraped(page);
  backend to;
  using answer = otlp_receiver::answer;
  tempo.answers([](int request) {
    if (request == 1) return answer{.keep = false, .hang = true};
    if (request == 2) return answer{.code = 8, .message = "full", .retry_after_ms = 300, .keep = false};
    return answer{};
  });
  collector troupe(pipelines(scraped.address(), to.url(),
                             otlp_exporter(tempo.endpoint(), "tls {\n      insecure = true\n    }",
                                           "  timeout = \"500ms\"\n  sending_queue {\n    num_consumers = 1\n  }\n")));
  troupe.ready();
  REQUIRE(eventually([&] { return !trace_with(tempo.spans(), {"GraphEvaluate"}).empty(); }));  // of the first request
  CHECK(troupe.metric("otelcol_exporter_send_failed_spans_total") == 0);
  CHECK(troupe.metric("rpc_client_duration_milliseconds_count", "rpc_grpc_status_code=\"8\"") == 1);
  CHECK(troupe.program().output().find("imed out") != std::string::npos);
}

TEST_CASE("a Jaeger collector decides what is sampled, and one that is gone leaves it so") {
  otlp_receiver tempo;
  target scraped(page);
  backend to;
  std::atomic<int> asked{0};
  std::atomic<bool> gone{false};
  const auto sampling = listen(0, [&](const auto& request, auto answer) {
    if (request.path != "/sampling" || request.parameter("service") != "alloy" || gone) {
      return answer->respond(404, "text/plain", "no such service");
    }
    ++asked;
    answer->respond(200, "application/json",
                    R"({"operationSampling":{"defaultSamplingProbability":0,"perOperationStrategies":
                        [{"operation":"scrape","probabilisticSampling":{"samplingRate":1}}]}})");
  });
  collector troupe(pipelines(scraped.address(), to.url(), otlp_exporter(tempo.endpoint()),
                             "sampling_fraction = 0\n  sampler {\n    jaeger_remote {\n      url = \"http://" +
                                 sampling->address() + "/sampling\"\n      refresh_interval = \"200ms\"\n    }\n  }"));
  troupe.ready();
  REQUIRE(eventually([&] { return !trace_with(tempo.spans(), {"scrape"}).empty(); }));
  REQUIRE(eventually([&] { return asked > 2; }));
  (void)get(troupe.url("/-/ready"));
  gone = true;
  REQUIRE(eventually([&] {
    return get(troupe.url("/-/healthy")).body.find("tracing: the remote sampler: HTTP status 404") != std::string::npos;
  }));
  const auto before = tempo.spans().size();
  REQUIRE(eventually([&] { return tempo.spans().size() > before; }));
  for (const auto& one : tempo.spans())
    CHECK((one.name != "HTTP request" && one.name != "GraphEvaluate"));
  gone = false;
  REQUIRE(eventually([&] { return get(troupe.url("/-/healthy")).status == 200; }));
  // Told once, however often it was asked.
  const auto log = troupe.program().output();
  const auto told = log.find("the remote sampler: HTTP status 404; what it said last still holds");
  REQUIRE(told != std::string::npos);
  CHECK(log.find("HTTP status 404", told + 30) == std::string::npos);
  CHECK(log.find("the remote sampler answers again", told) != std::string::npos);
}
