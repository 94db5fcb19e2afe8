#include "actors/otelcol/otlp/otlp.hpp"
#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::otelcol::exporting_otlp;
using namespace std::chrono_literals;

namespace {

std::optional<http::keep_alive> probes(std::chrono::nanoseconds wait, std::chrono::nanoseconds answer, bool between,
                                       std::chrono::nanoseconds timeout = 5s) {
  arguments of;
  of.timeout = timeout;
  of.client.keepalive = {wait, answer, between};
  return probes_of(of);
}

}  // namespace

TEST_CASE("when a connection of gRPC is probed") {
  CHECK(probes(0s, 0s, false) == std::nullopt);
  CHECK(probes(0s, 1s, true) == std::nullopt);
  CHECK(probes(1min, 0s, true) == http::keep_alive{60s, 20s});
  CHECK(probes(1s, 500ms, true) == http::keep_alive{10s, 1s});
  // Between requests it is not asked for, and no request is under way so long.
  CHECK(probes(10s, 1s, false) == std::nullopt);
  CHECK(probes(10s, 1s, false, 30s) == http::keep_alive{10s, 1s});
}
