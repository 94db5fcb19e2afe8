#include "actors/writer/delivery.hpp"

#include "tests/catch.hpp"

using namespace troupe::writer;
using namespace std::chrono_literals;

namespace {

struct fixture {
  delivery_settings settings;
  time_point now{std::chrono::hours(1)};
  std::int64_t wall = 1'700'000'000'000;
  std::unique_ptr<delivery> of;
  sequence last = 0;

  fixture() {
    settings.max_size = 100;
    settings.max_in_flight = 4;
    make();
  }
  void make() { of = std::make_unique<delivery>(settings); }
  void offer(std::uint64_t lane, const std::vector<std::uint32_t>& pieces, std::uint32_t route = 0) {
    parcel one{++last, lane, wall, {}};
    for (const auto size : pieces)
      one.pieces.push_back({size, size, route, size});
    of->offer(std::move(one), now);
  }
  std::vector<request_plan> all() {
    std::vector<request_plan> plans;
    while (auto plan = of->next(now, wall))
      plans.push_back(*plan);
    return plans;
  }
  void ended(const request_plan& plan, request_outcome::kind how, std::optional<clock_duration> after = {}) {
    of->ended(plan.number, {how, after, 0}, now);
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
  CHECK(plans[0].items == 80);  // the third piece would not fit
  now += settings.deadline;
  plans = all();
  REQUIRE(plans.size() == 1);
  CHECK(plans[0].items == 40);
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
  settings.age_limit = 60s;
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

TEST_CASE_METHOD(fixture, "min_size is enough to go, and what waits then goes along up to max_size") {
  settings.min_size = 50;
  make();
  offer(1, {20});
  CHECK(all().empty());
  offer(2, {20});
  offer(3, {20});
  offer(4, {20});
  offer(5, {30});
  const auto plans = all();
  REQUIRE(plans.size() == 1);
  CHECK(plans[0].items == 80);  // the fifth would not fit, and is not enough alone
  CHECK(*of->wake_at(now) == now + settings.deadline);
}

TEST_CASE_METHOD(fixture, "what is pending is weighed by its own measure") {
  of->offer({++last, 1, wall, {{3, 100, 0, 7}, {4, 100, 0, 9}}}, now);
  CHECK(of->counts().pending == 7);
  CHECK(of->counts().pending_weight == 16);
  const auto plans = all();
  REQUIRE(plans.size() == 2);
  ended(plans[0], kind::delivered);
  CHECK(of->counts().pending_weight == 9);
  of->overflow(5);
  CHECK(of->counts().overflowed == 5);
  CHECK(of->counts().pending == 4);
}

TEST_CASE_METHOD(fixture, "flush sends what waits") {
  offer(1, {10});
  CHECK(all().empty());
  of->flush();
  CHECK(all().size() == 1);
}

TEST_CASE_METHOD(fixture, "what waits in one lane fills one request, in order") {
  for (int i = 0; i < 4; ++i)
    offer(1, {30});
  auto plans = all();
  REQUIRE(plans.size() == 1);
  REQUIRE(plans[0].pieces.size() == 3);  // the fourth would not fit, and waits for this one's answer
  CHECK(plans[0].pieces[0].number == 1);
  CHECK(plans[0].pieces[2].number == 3);
  now += settings.deadline;
  CHECK(all().empty());
  ended(plans[0], kind::delivered);
  plans = all();
  REQUIRE(plans.size() == 1);
  CHECK(plans[0].pieces[0].number == 4);
  ended(plans[0], kind::delivered);
  CHECK(of->done_before() == 5);
  CHECK(of->counts().delivered == 120);
}

TEST_CASE_METHOD(fixture, "a parcel does not follow one whose first pieces are in another request") {
  offer(1, {80, 80});
  offer(1, {10});
  const auto first = all();
  REQUIRE(first.size() == 1);
  now += settings.deadline;
  const auto second = all();
  REQUIRE(second.size() == 1);
  CHECK(second[0].items == 80);  // not 90: the lane's other piece is still under way
  ended(second[0], kind::delivered);
  now += settings.deadline;
  CHECK(all().empty());
  ended(first[0], kind::delivered);
  const auto last = all();
  REQUIRE(last.size() == 1);
  CHECK(last[0].items == 10);
}

TEST_CASE_METHOD(fixture, "the part of a parcel that did not fit goes after what went before it") {
  offer(1, {60});
  offer(1, {30, 60});
  auto plans = all();
  REQUIRE(plans.size() == 1);
  CHECK(plans[0].items == 90);
  now += settings.deadline;
  CHECK(all().empty());
  ended(plans[0], kind::delivered);
  plans = all();
  REQUIRE(plans.size() == 1);
  CHECK(plans[0].items == 60);
  ended(plans[0], kind::delivered);
  CHECK(of->idle());
}

TEST_CASE_METHOD(fixture, "a request is given up after so many retries, or so much time") {
  SECTION("retries") {
    settings.max_retries = 2;
  }
  SECTION("time") {
    settings.max_elapsed = 2 * settings.max_backoff + 2 * settings.min_backoff;
  }
  make();
  offer(1, {100});
  int attempts = 0;
  while (!of->idle()) {
    const auto plan = of->next(now, wall);
    REQUIRE(plan);
    ++attempts;
    const bool over = of->ended(plan->number, {kind::retry, {}}, now);
    CHECK(over == of->idle());
    now += settings.max_backoff;
    REQUIRE(attempts < 10);
  }
  CHECK(attempts == (settings.max_retries > 0 ? 3 : 4));
  CHECK(of->counts().given_up == 100);
  CHECK(of->counts().pending == 0);
  CHECK(of->done_before() == 2);
}

TEST_CASE_METHOD(fixture, "pauses grow by the multiplier and scatter by the randomization") {
  settings.min_backoff = 1s;
  settings.max_backoff = 30s;
  settings.multiplier = 1.5;
  SECTION("not at all") {
    settings.randomization = 0;
  }
  SECTION("by half") {
    settings.randomization = 0.5;
  }
  make();
  offer(1, {100});
  clock_duration expected = 1s;
  for (int i = 0; i < 4; ++i) {
    const auto plan = of->next(now, wall);
    REQUIRE(plan);
    ended(*plan, kind::retry);
    REQUIRE(of->wake_at(now));
    const auto pause = *of->wake_at(now) - now;
    const auto share = std::chrono::duration<double>(expected) * settings.randomization;
    CHECK(std::chrono::duration<double>(pause) >= std::chrono::duration<double>(expected) - share);
    CHECK(std::chrono::duration<double>(pause) <= std::chrono::duration<double>(expected) + share);
    if (settings.randomization == 0) CHECK(pause == expected);
    expected = expected * 3 / 2;
    now += pause;
  }
}

TEST_CASE_METHOD(fixture, "pauses scatter differently on another node") {
  settings.min_backoff = 1s;
  settings.randomization = 0.5;
  std::vector<clock_duration> pauses;
  for (std::uint64_t node = 1; node <= 3; ++node) {
    of = std::make_unique<delivery>(settings, node);
    offer(1, {100});
    const auto plan = of->next(now, wall);
    REQUIRE(plan);
    ended(*plan, kind::retry);
    pauses.push_back(*of->wake_at(now) - now);
  }
  CHECK(pauses[0] != pauses[1]);
  CHECK(pauses[1] != pauses[2]);
}

TEST_CASE_METHOD(fixture, "a request whose samples have all become too old is held no longer") {
  settings.age_limit = 10s;
  make();
  offer(1, {100});
  const auto plan = of->next(now, wall);
  REQUIRE(plan);
  ended(*plan, kind::retry);
  CHECK(of->holds(plan->number));
  now += 20s;
  wall += 20'000;
  CHECK_FALSE(of->next(now, wall));
  CHECK_FALSE(of->holds(plan->number));
  CHECK(of->requests() == 0);
  CHECK(of->counts().too_old == 100);
  CHECK(of->done_before() == 2);
}

TEST_CASE_METHOD(fixture, "what has different routes never shares a request") {
  offer(1, {30}, 7);
  offer(2, {30}, 8);
  offer(1, {30}, 7);
  offer(2, {30}, 8);
  now += settings.deadline;
  const auto plans = all();
  REQUIRE(plans.size() == 2);
  CHECK(plans[0].route == 7);
  CHECK(plans[0].pieces.front().number == 1);
  CHECK(plans[0].pieces.back().number == 3);
  CHECK(plans[1].route == 8);
  CHECK(plans[1].pieces.front().number == 2);
  CHECK(plans[1].pieces.back().number == 4);
  ended(plans[0], kind::delivered);
  ended(plans[1], kind::retry);
  now += 1s;
  const auto again = of->next(now, wall);
  REQUIRE(again);
  CHECK(again->route == 8);
}

TEST_CASE_METHOD(fixture, "of a request that was delivered, what the backend took for nothing is refused") {
  offer(1, {100});
  const auto plans = all();
  REQUIRE(plans.size() == 1);
  CHECK(of->ended(plans[0].number, {kind::delivered, {}, 30}, now));
  CHECK(of->counts().delivered == 70);
  CHECK(of->counts().refused == 30);
  CHECK(of->counts().pending == 0);
}

TEST_CASE_METHOD(fixture, "a parcel of several routes becomes several requests") {
  parcel mixed{++last, 1, wall, {{30, 30, 1}, {30, 30, 2}}};
  of->offer(mixed, now);
  now += settings.deadline;
  const auto plans = all();
  REQUIRE(plans.size() == 2);
  CHECK(plans[0].route == 1);
  CHECK(plans[0].items == 30);
  CHECK(plans[1].route == 2);
  CHECK(plans[1].items == 30);
}
