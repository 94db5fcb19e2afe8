#include "actors/writer/outage.hpp"

#include "tests/catch.hpp"

using troupe::writer::outage;
using namespace std::chrono_literals;

TEST_CASE("the first failure is told, then one a minute with how many were not") {
  outage of;
  troupe::runtime::time_point now{1h};
  CHECK(of.failed(now).worth_a_line);
  for (int i = 0; i < 590; ++i)
    CHECK_FALSE(of.failed(now += 100ms).worth_a_line);
  const auto again = of.failed(now + 1s);
  CHECK(again.worth_a_line);
  CHECK(again.untold == 590);
  CHECK(of.failed(now + 2min).untold == 0);
}

TEST_CASE("the end of an outage is told once, with its length") {
  outage of;
  const troupe::runtime::time_point now{1h};
  CHECK_FALSE(of.over());
  for (int i = 0; i < 3; ++i)
    (void)of.failed(now);
  CHECK(of.over() == 3);
  CHECK_FALSE(of.over());
}

TEST_CASE("a batch that was refused is worth a line, but is no outage") {
  outage of;
  const troupe::runtime::time_point now{1h};
  CHECK(of.failed(now, false).worth_a_line);
  CHECK_FALSE(of.over());
}

TEST_CASE("a backend that fails every other time is worth two lines a minute") {
  outage of;
  troupe::runtime::time_point now{1h};
  int lines = 0;
  for (int i = 0; i < 600; ++i) {  // ten minutes
    lines += of.failed(now).worth_a_line;
    lines += of.over().has_value();
    now += 1s;
  }
  CHECK(lines == 20);
}
