// What the exporters' shared blocks mean.

#include <limits>

#include "actors/otelcol/otlp/otlp.hpp"
#include "actors/otelcol/otlphttp/otlphttp.hpp"
#include "tests/catch.hpp"
#include "tests/unit/otelcol/written.hpp"

using namespace troupe;
using namespace troupe::otelcol;
using namespace std::chrono_literals;

namespace {

using http_exporter = testing::written<exporting_otlphttp::arguments>;
using grpc_exporter = testing::written<exporting_otlp::arguments>;

http_exporter over_http(const std::string& client, const std::string& more = "") {
  return {exporting_otlphttp::schema(), "client {\nendpoint = \"http://h\"\n" + client + "\n}\n" + more};
}
http_exporter queue(const std::string& text) {
  return over_http("", "sending_queue {\n" + text + "\n}");
}
grpc_exporter over_grpc(const std::string& client) {
  return {exporting_otlp::schema(), "client {\nendpoint = \"h:1\"\n" + client + "\n}"};
}

writer::endpoint_settings settings(const std::string& text) {
  const auto one = queue(text);
  INFO(one.complaints());
  REQUIRE(one);
  return exporting::settings_of(one->queue, one->retry);
}

}  // namespace

TEST_CASE("without a block batch each batch is a request") {
  const auto made = settings("num_consumers = 3\nqueue_size = 7\nblock_on_overflow = true");
  CHECK(made.delivery.max_in_flight == 3);
  CHECK(made.delivery.max_size == 1);
  CHECK(made.delivery.deadline == 0s);
  CHECK(made.max_pending == 7);
}

TEST_CASE("with a block batch requests are filled") {
  auto made = settings("batch { }");
  CHECK(made.delivery.max_size == 3000);
  CHECK(made.delivery.min_size == 2000);
  CHECK(made.delivery.deadline == 200ms);
  // No least size: everything goes at once; no largest: nothing is split.
  made = settings("batch {\nmin_size = 0\nmax_size = 0\nflush_timeout = \"1s\"\nsizer = \"bytes\"\n}");
  CHECK(made.delivery.max_size == std::numeric_limits<std::uint64_t>::max());
  CHECK(made.delivery.min_size == 1);
  CHECK(made.delivery.deadline == 1s);
}

TEST_CASE("without a queue there is one request at a time, as it came") {
  const auto one = queue("enabled = false\nbatch { }");
  REQUIRE(one);
  CHECK(one->queue.settles_when_sent());
  const auto made = exporting::settings_of(one->queue, one->retry);
  CHECK(made.delivery.max_in_flight == 1);
  CHECK(made.max_pending == 1);
  CHECK(made.delivery.max_size == 1);
  CHECK(queue("wait_for_result = true")->queue.settles_when_sent());
  CHECK_FALSE(queue("")->queue.settles_when_sent());
}

TEST_CASE("what a queue refuses") {
  CHECK(queue("batch {\nmin_size = 10\nmax_size = 9\n}")
            .complains("`max_size` (9) must be greater or equal to `min_size` (10)"));
  CHECK(queue("batch {\nflush_timeout = \"0s\"\n}").complains("`flush_timeout` must be positive, found 0"));
  CHECK(queue("batch {\nmin_size = -1\n}").complains("`min_size` must be non-negative, found -1"));
  CHECK(queue("batch {\nmax_size = -1\n}").complains("`max_size` must be non-negative, found -1"));
  CHECK(queue("batch {\nsizer = \"requests\"\n}").complains("should be one of \"items\", \"bytes\""));
  CHECK(queue("sizer = \"items\"\nbatch { }").complains("`min_size` must be less than or equal to `queue_size`"));
  CHECK(queue("storage = \"s\"").complains("\"storage\" is not supported yet"));
}

TEST_CASE("TLS as the HTTP client takes it") {
  const auto one = over_grpc(R"(tls {
  min_version = "1.1"
  max_version = "1.2"
  cipher_suites = ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]
  curve_preferences = ["P256"]
  include_system_ca_certs_pool = true
  reload_interval = "1m"
})");
  INFO(one.complaints());
  REQUIRE(one);
  const auto made = exporting::to_options(one->client.tls);
  CHECK(made.min_version == "TLS11");
  CHECK(made.max_version == "TLS12");
  CHECK(made.cipher_suites == std::vector<std::string>{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"});
  CHECK(made.curve_preferences == std::vector<std::string>{"P256"});
  CHECK(made.system_roots_too);
}

TEST_CASE("what TLS refuses") {
  const auto refuses = [](const std::string& text, const std::string& why) {
    const auto one = over_grpc("tls {\n" + text + "\n}");
    INFO(one.complaints());
    CHECK(one.complains(why));
  };
  refuses("min_version = \"1.3\"\nmax_version = \"1.2\"", "max_version");
  refuses("cipher_suites = [\"TLS_OF_MINE\"]", "TLS_OF_MINE");
  refuses("cipher_suites = [\"TLS_RSA_WITH_AES_128_CBC_SHA\"]", "invalid TLS cipher suite");
  refuses("curve_preferences = [\"P1\"]", "P1");
  refuses("reload_interval = \"-1s\"", "must not be negative");
  refuses("tpm { }", "block \"tpm\" is not supported yet");
  CHECK(
      over_grpc("tls {\ninclude_insecure_cipher_suites = true\ncipher_suites = [\"TLS_RSA_WITH_AES_128_CBC_SHA\"]\n}"));
}

TEST_CASE("each exporter has its compressions") {
  for (const char* name : {"", "none", "gzip", "snappy", "zstd"}) {
    CHECK(over_grpc(std::string("compression = \"") + name + "\""));
    CHECK(over_http(std::string("compression = \"") + name + "\""));
  }
  for (const char* name : {"zlib", "deflate", "lz4", "x-snappy-framed"}) {
    CHECK(over_http(std::string("compression = \"") + name + "\""));
    CHECK(over_grpc(std::string("compression = \"") + name + "\"").complains("unsupported compression type"));
  }
  CHECK(over_http("compression = \"brotli\"").complains("unsupported compression type \"brotli\""));
  CHECK(over_http("compression_params {\nlevel = 9\n}"));
  CHECK(over_http("compression = \"zstd\"\ncompression_params {\nlevel = 100\n}"));
  CHECK(over_http("compression_params {\nlevel = 10\n}")
            .complains("unsupported parameters {Level:10} for compression type \"gzip\""));
  CHECK(over_http("compression = \"lz4\"\ncompression_params {\nlevel = 1\n}").complains("unsupported parameters"));
}

TEST_CASE("what is not there yet is refused, and its default is not") {
  CHECK(over_grpc("balancer_name = \"round_robin\"\nwait_for_ready = false"));
  CHECK(over_grpc("wait_for_ready = true").complains("\"wait_for_ready\" is not supported yet"));
  CHECK(over_grpc("balancer_name = \"pick_first\"").complains("\"balancer_name\" is not supported yet"));
  CHECK(over_http("cookies {\nenabled = false\n}"));
  CHECK(over_http("cookies {\nenabled = true\n}").complains("\"enabled\" is not supported yet"));
  CHECK(over_http("", "debug_metrics {\nlevel = \"basic\"\n}"));
  CHECK(over_http("", "debug_metrics {\ndisable_high_cardinality_metrics = false\n}").complains("not supported yet"));
}
