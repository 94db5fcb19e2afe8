#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "actors/store/local/samples.hpp"
#include "protocol/telemetry/value.hpp"
#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::store;

namespace {

std::vector<sample> every(std::int64_t step_ms, int many, const std::function<double(int)>& value) {
  std::vector<sample> all;
  for (int i = 0; i < many; ++i)
    all.push_back({i * step_ms, value(i)});
  return all;
}
bool has(const std::vector<sample>& in, std::int64_t time) {
  return std::any_of(in.begin(), in.end(), [&](const sample& s) { return s.time_ms == time; });
}
/// Whether a chart of them shows nothing somewhere from `from` to `to`.
bool empty_between(const std::vector<sample>& in, std::int64_t from, std::int64_t to) {
  return std::any_of(in.begin(), in.end(), [&](const sample& s) {
    return s.time_ms >= from && s.time_ms <= to && telemetry::is_stale(s.value);
  });
}

}  // namespace

TEST_CASE("thinning keeps the shape") {
  const auto all = every(1, 10'000, [](int i) { return i == 5'555 ? 1000.0 : std::sin(i / 100.0); });
  const auto few = thin(all, 400);
  CHECK(few.size() <= 400);
  CHECK(few.front().time_ms == 0);
  CHECK(few.back().time_ms == 9'999);
  CHECK(has(few, 5'555));
  CHECK(std::is_sorted(few.begin(), few.end(), [](const sample& a, const sample& b) { return a.time_ms < b.time_ms; }));
  CHECK(thin(all, 20'000).size() == all.size());
}

TEST_CASE("about as many points come back as were asked for, whatever the samples are like") {
  const std::vector<std::function<double(int)>> kinds{
      [](int i) { return i; }, [](int) { return 1.0; }, [](int i) { return std::sin(i); },
      [](int i) { return i % 2 ? telemetry::stale_marker() : i; }, [](int) { return telemetry::normal_nan(); }};
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    for (const auto& [many, points] : {std::pair{192, 130}, {74, 30}, {74, 73}, {1000, 100}, {5000, 7}}) {
      INFO(kind << ": " << many << " samples, " << points << " points");
      const auto few = thin(every(15'000, many, kinds[kind]), static_cast<std::size_t>(points));
      CHECK(few.size() <= static_cast<std::size_t>(points));
      // Where half of them are none there may be too few to choose from.
      const auto some = kind == 3 ? std::min(points, many / 2) : points;
      CHECK(few.size() + 4 >= static_cast<std::size_t>(some));
      CHECK(thin(few, static_cast<std::size_t>(points)).size() == few.size());
    }
  }
  // Minutes of data a day apart.
  auto all = every(1000, 300, [](int i) { return i; });
  for (int i = 0; i < 300; ++i)
    all.push_back({86'400'000 + i * 1000, 1.0 * i});
  CHECK(thin(all, 100).size() == 100);
}

TEST_CASE("thinning looks past stale markers, and keeps to few points") {
  const auto all = every(1, 1000, [](int i) {
    return i == 300 ? 50.0 : i == 700 ? -50.0 : i % 100 == 0 ? telemetry::stale_marker() : 1.0;
  });
  const auto few = thin(all, 40);
  CHECK(few.size() <= 40);
  CHECK(has(few, 300));
  CHECK(has(few, 700));
  for (std::size_t points = 1; points < 12; ++points)
    CHECK(thin(all, points).size() <= points);
  CHECK(has(thin(all, 3), 300));
  CHECK(thin(all, 1).front().time_ms == 999);
  const auto wide = std::numeric_limits<std::int64_t>::max();
  CHECK(
      thin({{-wide, 1}, {0, telemetry::stale_marker()}, {5, 2}, {6, telemetry::stale_marker()}, {wide, 3}}, 2).size() <=
      2);
}

TEST_CASE("thinning leaves a gap where it is wider than what a point stands for") {
  // Ten samples a second, gone for ten seconds in every minute, and for a moment every ten seconds.
  std::vector<sample> all;
  for (std::int64_t t = 0; t < 600'000; t += 100) {
    const auto in_minute = t % 60'000;
    if (in_minute > 50'000) continue;
    const bool marker = in_minute == 50'000 || t % 10'000 == 5'000;
    all.push_back({t, marker ? telemetry::stale_marker() : 1.0});
  }
  const auto few = thin(all, 200);
  CHECK(few.size() <= 200);
  CHECK(few.size() >= 180);
  for (std::int64_t minute = 0; minute < 600'000; minute += 60'000) {
    INFO(minute);
    CHECK(empty_between(few, minute + 50'000, minute + 59'999));
    CHECK(has(few, minute));  // where it came back, and where it went
    if (minute < 540'000) CHECK(has(few, minute + 49'900));
  }
  const auto narrow =
      std::count_if(few.begin(), few.end(), [](const sample& s) { return telemetry::is_stale(s.value); });
  CHECK(narrow == 10);
  // More gaps than there is room for: the widest ones are seen, as long as there are points beside them.
  const auto crowded = thin(all, 12);
  CHECK(crowded.size() <= 12);
  CHECK(std::count_if(crowded.begin(), crowded.end(), [](const sample& s) { return !std::isnan(s.value); }) >= 6);
}
