#include "actors/runtime/health.hpp"

#include "tests/catch.hpp"

#include <vector>

using troupe::runtime::health;
using state = troupe::runtime::health_state;

TEST_CASE("of several opinions the worst counts, of equal ones the later; who is well without a word adds none") {
  struct row {
    const char* name;
    health run, own, evaluation;
    state is;
    const char* says;
  };
  const health started{state::healthy, "started component", 10, 10},
      evaluated{state::healthy, "component evaluated", 5, 5};
  for (const auto& [name, run, own, evaluation, is, says] : std::vector<row>{
           {"nothing but the run", started, {state::healthy, "", 0, 0}, evaluated, state::healthy, "started component"},
           {"well without a word",
            started,
            {state::healthy, "", 20, 20},
            evaluated,
            state::healthy,
            "started component"},
           {"well with words", started, {state::healthy, "all sent", 20, 20}, evaluated, state::healthy, "all sent"},
           {"earlier words",
            started,
            {state::healthy, "all sent", 7, 7},
            evaluated,
            state::healthy,
            "started component"},
           {"ill", started, {state::unhealthy, "refused", 7, 7}, evaluated, state::unhealthy, "refused"},
           {"ill, and not evaluated",
            started,
            {state::unhealthy, "refused", 7, 7},
            {state::unhealthy, "no such file", 8, 8},
            state::unhealthy,
            "no such file"},
           {"ended",
            {state::exited, "shut down", 1, 1},
            {state::unhealthy, "refused", 7, 7},
            evaluated,
            state::exited,
            "shut down"},
       }) {
    INFO(name);
    const auto all = health::worse(health::worse(run, own), evaluation);
    CHECK(all.state == is);
    CHECK(all.message == says);
  }
  // It is well again since it says so itself, not since the start.
  CHECK(health::worse(started, {state::healthy, "", 20, 20}).since_ms == 20);
}
