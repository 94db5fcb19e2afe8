#include "actors/prometheus/scrape/schedule.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace troupe::prometheus {

namespace {

/// Targets whose phases lie this close (or within a tenth of a shorter interval) are scraped together: to wake up once
/// for ten of them costs half the time of waking up ten times.
constexpr std::int64_t longest_slot_ns = 200'000'000;

constexpr std::uint64_t fnv_basis = 14695981039346656037ULL;

std::uint64_t fnv1a(std::string_view text, std::uint64_t hash = fnv_basis) {
  for (const unsigned char c : text)
    hash = (hash ^ c) * 1099511628211ULL;
  return hash;
}

}  // namespace

std::uint64_t offset_seed(std::string_view host_name) {
  return fnv1a(host_name);
}

schedule::schedule(const telemetry::label_set& labels, std::string_view url, std::int64_t interval_ns,
                   std::uint64_t seed)
    : interval_ns_(interval_ns) {
  char digits[32];
  const int length = std::snprintf(digits, sizeof digits, "%016llu", static_cast<unsigned long long>(labels.hash()));
  const std::uint64_t hash = fnv1a(url, fnv1a({digits, static_cast<std::size_t>(length)}));
  const std::int64_t offset = static_cast<std::int64_t>((hash ^ seed) % static_cast<std::uint64_t>(interval_ns));
  const std::int64_t slot = std::min<std::int64_t>(longest_slot_ns, std::max<std::int64_t>(1, interval_ns / 10));
  offset_ns_ = offset - offset % slot;
}

std::int64_t schedule::next(std::int64_t wall_ns) const {
  const std::int64_t begun = wall_ns - wall_ns % interval_ns_ + offset_ns_;
  return begun >= wall_ns ? (begun - interval_ns_ >= wall_ns ? begun - interval_ns_ : begun) : begun + interval_ns_;
}

std::int64_t schedule::timestamp_ms(std::int64_t tick_ns, std::int64_t wall_ns) const {
  constexpr std::int64_t ms = 1'000'000;
  const std::int64_t tolerance = std::min(2 * ms, interval_ns_ / 100);
  return (std::abs(wall_ns - tick_ns) <= tolerance ? tick_ns : wall_ns) / ms;
}

}  // namespace troupe::prometheus
