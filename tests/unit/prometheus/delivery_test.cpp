#include "actors/prometheus/remote_write/delivery.hpp"

#include "tests/catch.hpp"

using namespace troupe::prometheus;
using namespace std::chrono_literals;

namespace {

struct fixture {
  delivery_settings settings;
  time_point now{std::chrono::hours(1)};
  std::int64_t wall = 1'700'000'000'000;
  std::unique_ptr<delivery> of;
  sequence last = 0;

  fixture() {
    settings.max_samples = 100;
    settings.max_in_flight = 4;
    make();
  }
  void make() { of = std::make_unique<delivery>(settings); }
  void offer(std::uint64_t lane, std::vector<std::uint32_t> pieces) {
    of->offer({++last, lane, wall, std::move(pieces)}, now);
  }
  std::vector<request_plan> all() {
    std::vector<request_plan> plans;
    while (auto plan = of->next(now, wall))
      plans.push_back(*plan);
    return plans;
  }
  void ended(const request_plan& plan, request_outcome::kind how, std::optional<clock_duration> after = {}) {
    of->ended(plan.number, {how, after}, now);
  }
};
using kind = request_outcome::kind;

}  // namespace

TEST_CASE_METHOD(fixture, "a request goes when it is full, or when its oldest sample has waited long enough") {
  offer(1, {40});
  offer(2, {40});
  CHECK(all().empty());
  REQUIRE(of->wake_at(now));
  CHECK(*of->wake_at(now) == now + settings.deadline);
  offer(3, {40});
  auto plans = all();
  REQUIRE(plans.size() == 1);
  CHECK(plans[0].samples == 80);  // the third piece would not fit
  now += settings.deadline;
  plans = all();
  REQUIRE(plans.size() == 1);
  CHECK(plans[0].samples == 40);
}

TEST_CASE_METHOD(fixture, "a piece that is larger than a request may be goes alone") {
  offer(1, {250, 10});
  const auto plans = all();
  REQUIRE(plans.size() == 1);
  CHECK(plans[0].pieces.size() == 1);
}

TEST_CASE_METHOD(fixture, "parcels of one lane go one after the other, those of others beside them") {
  offer(1, {100});
  offer(1, {100});
  offer(2, {100});
  auto plans = all();
  REQUIRE(plans.size() == 2);
  CHECK(plans[0].pieces[0].number == 1);
  CHECK(plans[1].pieces[0].number == 3);
  ended(plans[1], kind::delivered);
  CHECK(all().empty());
  CHECK(of->done_before() == 1);
  ended(plans[0], kind::delivered);
  CHECK(of->done_before() == 2);
  plans = all();
  REQUIRE(plans.size() == 1);
  CHECK(plans[0].pieces[0].number == 2);
  ended(plans[0], kind::delivered);
  CHECK(of->done_before() == 4);
  CHECK(of->idle());
  CHECK(of->counts().delivered == 300);
  CHECK(of->counts().pending == 0);
}

TEST_CASE_METHOD(fixture, "the pieces of one parcel may go beside each other") {
  offer(1, {100, 100, 100});
  CHECK(all().size() == 3);
}

TEST_CASE_METHOD(fixture, "no more requests than allowed are under way") {
  for (int i = 0; i < 10; ++i)
    offer(static_cast<std::uint64_t>(i), {100});
  CHECK(all().size() == 4);
  CHECK(of->in_flight() == 4);
  CHECK_FALSE(of->wake_at(now));
}

TEST_CASE_METHOD(fixture, "a failure is tried again after a back-off that doubles; meanwhile one probe at a time") {
  for (int i = 0; i < 3; ++i)
    offer(static_cast<std::uint64_t>(i), {100});
  const auto plans = all();
  REQUIRE(plans.size() == 3);
  for (const auto& plan : plans)
    ended(plan, kind::retry);
  CHECK(all().empty());
  now += settings.min_backoff;
  auto again = all();
  REQUIRE(again.size() == 1);
  CHECK(again[0].number == plans[0].number);
  CHECK(again[0].attempt == 1);
  ended(again[0], kind::retry);
  again = all();
  REQUIRE(again.size() == 1);  // another one is the next probe
  CHECK(again[0].number == plans[1].number);
  ended(again[0], kind::delivered);
  CHECK(all().size() == 1);
  now += 2 * settings.min_backoff;
  CHECK(all().size() == 1);
  CHECK(of->counts().retried == 400);
}

TEST_CASE_METHOD(fixture, "back-off has a top, and what the backend asks for counts instead") {
  offer(1, {100});
  auto plan = all().at(0);
  for (int i = 0; i < 20; ++i) {
    ended(plan, kind::retry);
    CHECK(*of->wake_at(now) <= now + settings.max_backoff);
    now += settings.max_backoff;
    plan = all().at(0);
  }
  ended(plan, kind::retry, 60s);
  now += 59s;
  CHECK(all().empty());
  now += 1s;
  CHECK(all().size() == 1);
}

TEST_CASE_METHOD(fixture, "what is refused is done with, and counted") {
  offer(1, {100});
  offer(1, {100});
  ended(all().at(0), kind::refused);
  CHECK(of->counts().refused == 100);
  CHECK(all().size() == 1);
}

TEST_CASE_METHOD(fixture, "samples that are too old go, before the first attempt and before later ones") {
  settings.sample_age_limit = 60s;
  make();
  offer(1, {50});
  offer(2, {50});
  auto plan = all().at(0);
  ended(plan, kind::retry);
  wall += 61'000;
  offer(3, {100});
  now += 1s;
  const auto plans = all();
  CHECK(of->counts().too_old == 100);
  REQUIRE(plans.size() <= 1);
  wall += 61'000;
  offer(4, {100});
  wall += 61'000;
  CHECK(of->counts().pending == 200);
}

TEST_CASE_METHOD(fixture, "a parcel of which nothing is sent is done at once, in its turn") {
  offer(1, {});
  CHECK(of->done_before() == 2);
  offer(1, {100});
  offer(2, {});
  CHECK(of->done_before() == 2);
  ended(all().at(0), kind::delivered);
  CHECK(of->done_before() == 4);
}

TEST_CASE_METHOD(fixture, "an answer that comes twice changes nothing") {
  offer(1, {100});
  const auto plan = all().at(0);
  ended(plan, kind::delivered);
  ended(plan, kind::delivered);
  CHECK(of->counts().delivered == 100);
}

TEST_CASE_METHOD(fixture, "flush sends what waits") {
  offer(1, {10});
  CHECK(all().empty());
  of->flush();
  CHECK(all().size() == 1);
}
