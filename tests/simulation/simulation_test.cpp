#include <cstdio>
#include <cstdlib>
#include <optional>

#include "tests/catch.hpp"
#include "tests/simulation/world.hpp"

using namespace troupe::simulation;

namespace {

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == 0) return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

/// Plays the seeds of one kind: all of them up to a number, or the one that was asked for.
void play(kind of) {
  const auto wanted = number_from("SIMULATION_SEED");
  const std::uint64_t end = number_from("SIMULATION_SEEDS").value_or(20000);
  std::size_t steps = 0, received = 0, doubled = 0, runs = 0;
  for (auto seed = wanted.value_or(0); seed < (wanted ? *wanted + 1 : end); ++seed) {
    if (static_cast<kind>(seed % kinds) != of) continue;
    std::string broken;
    world one{plan(seed)};
    try {
      one.run();
    } catch (const violation& v) {
      broken = v.what();
    }
    INFO("SIMULATION_SEED=" << seed << " build/release/tests/simulation");
    INFO(broken);
    REQUIRE(broken.empty());
    steps += one.steps(), received += one.received(), doubled += one.doubled(), ++runs;
  }
  if (runs == 0) return;
  std::printf("%zu runs, %zu steps, %zu samples, %zu of them again\n", runs, steps, received, doubled);
  CHECK(received > 0);
}

}  // namespace

TEST_CASE(
    "edges: whatever the network and components do, all that is pushed is settled or counted, once and in order") {
  play(kind::edges);
}
TEST_CASE("processes: what was settled is sent after a kill at any point") {
  play(kind::processes);
}
TEST_CASE("power: what the disk had for good is sent after a loss of power") {
  play(kind::power);
}
TEST_CASE("everything: cells move, too") {
  play(kind::everything);
}
