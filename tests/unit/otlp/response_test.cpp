#include "protocol/otlp/response.hpp"

#include "protocol/otlp/grpc.hpp"
#include "protocol/otlp/proto/status.pb.h"
#include "protocol/otlp/proto/trace_service.pb.h"
#include "tests/catch.hpp"

using namespace troupe::otlp;
using namespace std::chrono_literals;
using kind = export_verdict::kind;

namespace {

std::string partial(std::int64_t rejected, const std::string& words) {
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceResponse response;
  response.mutable_partial_success()->set_rejected_spans(rejected);
  response.mutable_partial_success()->set_error_message(words);
  return response.SerializeAsString();
}

std::string base64(const std::string& bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string made;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6)
      made += digits[bits >> (count - 6) & 63];
  }
  if (count > 0) made += digits[bits << (6 - count) & 63];
  return made;
}

std::string retry_details(std::int64_t seconds, int nanos) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(seconds);
  info.mutable_retry_delay()->set_nanos(nanos);
  google::rpc::Status status;
  auto* detail = status.add_details();
  detail->set_type_url("type.googleapis.com/google.rpc.RetryInfo");
  detail->set_value(info.SerializeAsString());
  return base64(status.SerializeAsString());
}

}  // namespace

TEST_CASE("each status of gRPC") {
  const auto what = [](int code, const std::string& details = "") {
    const auto text = std::to_string(code);
    return classify_grpc({200, "application/grpc", text, "", details, ""}).what;
  };
  CHECK(what(0) == kind::delivered);
  for (const int code : {1, 4, 10, 11, 14, 15})
    CHECK(what(code) == kind::retry);
  for (const int code : {2, 3, 5, 6, 7, 8, 9, 12, 13, 16, 99})
    CHECK(what(code) == kind::refused);
  CHECK(what(8, retry_details(1, 0)) == kind::retry);
  CHECK(what(3, retry_details(1, 0)) == kind::refused);
}

TEST_CASE("a gRPC answer's words and pauses") {
  const auto details = retry_details(2, 500'000'000);
  const auto busy = classify_grpc({200, "application/grpc", "14", "too%20busy %E2%82%AC%", details, ""});
  CHECK(busy.words == "UNAVAILABLE: too busy \xe2\x82\xac%");
  CHECK(busy.after == 2500ms);
  CHECK(busy.code == 14);
  CHECK_FALSE(classify_grpc({200, "application/grpc", "14", "", "!!", ""}).after);
  const auto long_pause = retry_details(1'000'000'000, 0);
  CHECK(classify_grpc({200, "application/grpc", "14", "", long_pause, ""}).after == 24h);
}

TEST_CASE("an answer that is not gRPC's") {
  const auto page = classify_grpc({200, "text/html", "", "", "", "<html>\n<body>"});
  CHECK(page.what == kind::refused);
  CHECK(page.words == "this is no gRPC answer (HTTP status 200, text/html): <html>");
  CHECK(classify_grpc({503, "text/plain", "", "", "", "busy"}).what == kind::retry);
  CHECK(classify_grpc({404, "", "", "", "", ""}).words == "this is no gRPC answer (HTTP status 404)");
  CHECK(classify_grpc({401, "", "", "", "", ""}).what == kind::refused);
  CHECK(classify_grpc({200, "application/grpc", "x", "", "", ""}).what == kind::refused);
}

TEST_CASE("a partial success is never sent again") {
  const auto body = frame(partial(3, "no trace id"), false);
  const auto some = classify_grpc({200, "application/grpc", "0", "", "", body});
  CHECK(some.what == kind::delivered);
  CHECK(some.rejected == 3);
  CHECK(some.words == "no trace id");
  CHECK(classify_grpc({200, "application/grpc", "0", "", "", frame(partial(-1, ""), false)}).rejected == 0);
  CHECK(classify_grpc({200, "application/grpc", "0", "", "", "garbage"}).what == kind::delivered);
  CHECK(classify_http(200, "application/x-protobuf", partial(4, "w"), {}).rejected == 4);
  for (const char* json : {R"({"partialSuccess":{"rejectedSpans":"5","errorMessage":"w"}})",
                           R"({"partialSuccess":{"rejectedSpans":5,"errorMessage":"w"}})",
                           R"({"partialSuccess":{"rejectedLogRecords":5,"errorMessage":"w"}})"}) {
    const auto one = classify_http(200, "application/json", json, {});
    CHECK(one.rejected == 5);
    CHECK(one.words == "w");
  }
  CHECK(classify_http(200, "application/json", "{}", {}).rejected == 0);
  CHECK(classify_http(200, "text/html", "<html>", {}).what == kind::delivered);
}

TEST_CASE("each status of HTTP") {
  for (const int status : {429, 502, 503, 504}) {
    const auto one = classify_http(status, "text/plain", "busy", 7s);
    CHECK(one.what == kind::retry);
    CHECK(one.after == 7s);
  }
  for (const int status : {400, 401, 403, 404, 413, 500, 501, 301}) {
    CHECK(classify_http(status, "text/plain", "no", 7s).what == kind::refused);
    CHECK_FALSE(classify_http(status, "text/plain", "no", 7s).after);
  }
  google::rpc::Status status;
  status.set_message("bad\nspan");
  CHECK(classify_http(400, "application/x-protobuf", status.SerializeAsString(), {}).words ==
        "server returned HTTP status 400: bad");
  CHECK(classify_http(400, "application/json; charset=utf-8", R"({"code":3,"message":"bad"})", {}).words ==
        "server returned HTTP status 400: bad");
  CHECK(classify_http(500, "text/html", "<html>", {}).words == "server returned HTTP status 500: <html>");
}

TEST_CASE("frames of gRPC") {
  const std::string message(300, 'x');
  CHECK(frame(message, false).substr(0, 5) == std::string("\0\0\0\x01\x2c", 5));
  CHECK(frame("", true) == std::string("\1\0\0\0\0", 5));
  CHECK(*unframe(frame(message, false)) == message);
  CHECK(unframe("")->empty());
  CHECK_FALSE(unframe(std::string(3, 0)));
  CHECK_FALSE(unframe(frame(message, false).substr(0, 100)));
  CHECK_FALSE(unframe(frame(message, true)));
  CHECK(percent_decode("%") == "%");
  CHECK(percent_decode("%2") == "%2");
  CHECK(percent_decode("a%20b%zz") == "a b%zz");
  CHECK(base64_decode("aGVsbG8=") == "hello");
  CHECK(base64_decode("aGVsbG8") == "hello");
  CHECK(base64_decode("a b").empty());
  CHECK(grpc_code_name(14) == "UNAVAILABLE");
  CHECK(grpc_code_name(77) == "77");
}
