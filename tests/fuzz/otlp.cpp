// What comes from OTLP peers: requests, answers, frames.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "protocol/otlp/grpc.hpp"
#include "protocol/otlp/json.hpp"
#include "protocol/otlp/response.hpp"
#include "protocol/otlp/span.hpp"
#include "protocol/otlp/split.hpp"

using namespace troupe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
      (void)otlp::decode_traces(rest);
      break;
    case 1: {
      const auto kind = static_cast<telemetry::otlp_kind>(data[0] / 5 % 3);
      const auto json = otlp::to_json(kind, rest);
      if (json.empty() || json.front() != '{' || json.back() != '}') std::abort();
      break;
    }
    case 2:
      (void)otlp::classify_grpc({200, "application/grpc", "0", "", "", rest});
      (void)otlp::classify_grpc({503, "text/html", rest, rest, rest, rest});
      break;
    case 3:
      (void)otlp::classify_http(200, "application/json", rest, {});
      (void)otlp::classify_http(400, "application/x-protobuf", rest, {});
      (void)otlp::classify_http(500, rest, rest, {});
      break;
    case 4: {
      const auto kind = static_cast<telemetry::otlp_kind>(data[0] / 6 % 3);
      const auto unit = data[0] / 18 % 2 == 0 ? otlp::size_unit::items : otlp::size_unit::bytes;
      const std::uint64_t most = 1 + data[0] / 36;
      for (const auto& part : otlp::split(kind, rest, unit, most)) {
        if (unit == otlp::size_unit::items && part.items > most) std::abort();
        if (!part.message.empty() && otlp::to_json(kind, part.message).front() != '{') std::abort();
      }
      break;
    }
    default: {
      const auto framed = otlp::frame(rest, false);
      const auto back = otlp::unframe(framed);
      if (!back || *back != rest) std::abort();
      (void)otlp::unframe(rest);
      (void)otlp::percent_decode(rest);
      (void)otlp::base64_decode(rest);
    }
  }
  return 0;
}
