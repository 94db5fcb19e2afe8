#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::otlp {

/// What an answer to an export means (OTLP specification, "OTLP/gRPC Response", "OTLP/HTTP Response").
struct export_verdict {
  enum class kind : std::uint8_t { delivered, retry, refused } what = kind::delivered;
  std::optional<std::chrono::nanoseconds> after;  ///< retry: how long the backend wants to be left alone
  std::uint64_t rejected = 0;  ///< delivered: so many items were taken for nothing; they must not be sent again
  std::string words;           ///< the backend's, for people
  int code = 0;                ///< of gRPC, where there is one
};

/// An answer over gRPC: HTTP's status and the trailers, empty where they are missing.
struct grpc_answer {
  int http_status = 0;
  std::string_view content_type;
  std::string_view grpc_status, grpc_message, grpc_status_details;
  std::string_view body;
};
[[nodiscard]] export_verdict classify_grpc(const grpc_answer& answer);

/// An answer over HTTP, protobuf or JSON as `content_type` says. `retry_after`: as parsed from the header.
[[nodiscard]] export_verdict classify_http(int status, std::string_view content_type, std::string_view body,
                                           std::optional<std::chrono::nanoseconds> retry_after);

}  // namespace troupe::otlp
