#include "actors/runtime/tracing.hpp"

#include <algorithm>
#include <cstring>
#include <random>

#include "protocol/telemetry/hex.hpp"

namespace troupe::runtime {

namespace {

/// Ids need not be secret, only different; a generator for each thread.
std::uint64_t next_random() {
  thread_local std::mt19937_64 source = [] {
    std::random_device seed;
    std::seed_seq all{seed(), seed(), seed(), seed(), seed(), seed(), seed(), seed()};
    return std::mt19937_64(all);
  }();
  const auto drawn = source();
  return drawn != 0 ? drawn : 1;  // an id of zeros is none
}

template <std::size_t N>
void fill(std::array<std::uint8_t, N>& id) {
  static_assert(N % 8 == 0);
  for (std::size_t i = 0; i < N; i += 8) {
    const auto word = next_random();
    std::memcpy(id.data() + i, &word, sizeof word);
  }
}

template <std::size_t N>
bool none(const std::array<std::uint8_t, N>& id) {
  return std::all_of(id.begin(), id.end(), [](std::uint8_t b) { return b == 0; });
}

using telemetry::read_hex;
using telemetry::to_hex;

constexpr std::size_t traceparent_size = 55;

}  // namespace

bool ratio::sample(const trace_context& of) const {
  std::uint64_t low = 0;
  for (std::size_t i = 8; i < 16; ++i)
    low = low << 8 | of.trace_id[i];
  return (low >> 1) < below_;
}

work tracer::begin(std::string_view operation) const {
  work made;
  const bool propagates = propagates_.load(std::memory_order_relaxed);
  const bool asks = asks_.load(std::memory_order_relaxed);
  const ratio share = share_.load(std::memory_order_relaxed);
  if (!propagates && !asks && share.none()) return made;
  fill(made.self.trace_id);
  if (asks) {
    std::shared_ptr<sampler> how;
    {
      const std::lock_guard lock(mutex_);
      how = sampler_;
    }
    made.self.sampled = how && how->sample(made.self, operation);
  } else {
    made.self.sampled = share.sample(made.self);
  }
  if (made.self.sampled || propagates) {
    fill(made.self.span_id);
  } else {
    made.self = {};
  }
  return made;
}

work tracer::part_of(const trace_context& parent) const {
  work made;
  if (!parent.sampled && (!propagates() || none(parent.trace_id))) return made;
  made.self = parent;
  made.parent = parent.span_id;
  fill(made.self.span_id);
  return made;
}

void tracer::set(ratio share) {
  const std::lock_guard lock(mutex_);
  sampler_ = nullptr;
  asks_.store(false, std::memory_order_relaxed);
  share_.store(share, std::memory_order_relaxed);
}

void tracer::set(std::shared_ptr<sampler> how) {
  const std::lock_guard lock(mutex_);
  sampler_ = std::move(how);
  asks_.store(sampler_ != nullptr, std::memory_order_relaxed);
}

std::string to_traceparent(const trace_context& of) {
  if (none(of.trace_id)) return {};
  return "00-" + to_hex(of.trace_id) + "-" + to_hex(of.span_id) + (of.sampled ? "-01" : "-00");
}

trace_context from_traceparent(std::string_view header) {
  trace_context made;
  std::array<std::uint8_t, 1> version{}, flags{};
  const bool shaped = header.size() >= traceparent_size && header[2] == '-' && header[35] == '-' && header[52] == '-' &&
                      read_hex(header.substr(0, 2), version) && version[0] != 0xff &&
                      (version[0] != 0 || header.size() == traceparent_size) &&
                      read_hex(header.substr(3, 32), made.trace_id) && read_hex(header.substr(36, 16), made.span_id) &&
                      read_hex(header.substr(53, 2), flags);
  if (!shaped || none(made.trace_id) || none(made.span_id)) return {};
  made.sampled = (flags[0] & 1) != 0;
  return made;
}

}  // namespace troupe::runtime
