#include "actors/runtime/controller_metrics.hpp"

#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::runtime;

TEST_CASE("what waits for its evaluation is counted until it is done") {
  own_metrics all;
  controller_metrics under_test(all);
  const auto says = [&](const std::string& value) {
    const auto page = all.page({});
    const auto at = page.find("\nalloy_component_evaluation_queue_size{");
    const auto line = page.substr(at + 1, page.find('\n', at + 1) - at - 1);
    INFO(line);
    CHECK(line.ends_with("} " + value));
  };
  says("0");
  auto one = under_test.queued(), other = under_test.queued();
  says("2");
  one.reset();
  says("1");
  other.reset();
  says("0");
}
