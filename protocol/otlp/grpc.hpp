#pragma once

#include <string>
#include <string_view>

#include "protocol/telemetry/result.hpp"

namespace troupe::otlp {

/// A message as gRPC carries it: a flag for compression and its size before it (gRPC over HTTP/2, "Length-Prefixed-
/// Message"). `compressed`: the message is, as grpc-encoding says.
[[nodiscard]] std::string frame(std::string_view message, bool compressed);

/// The one message of an answer; empty for none. Compressed ones are an error: nobody asked for them.
[[nodiscard]] result<std::string_view> unframe(std::string_view body);

/// `%E2%82%AC` as grpc-message has it; what is no escape stays.
[[nodiscard]] std::string percent_decode(std::string_view text);

/// With or without padding; what is malformed is empty.
[[nodiscard]] std::string base64_decode(std::string_view text);

/// `UNAVAILABLE` for 14; the number for what gRPC does not know.
[[nodiscard]] std::string grpc_code_name(int code);

}  // namespace troupe::otlp
