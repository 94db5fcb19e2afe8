#include "actors/runtime/tap.hpp"

#include <algorithm>

namespace troupe::runtime {

void tap::pushed(const std::vector<std::string>& consumers, const telemetry::batch_ref& batch) {
  if (edge_.empty()) return keep(false, consumers, batch);
  if (std::find(consumers.begin(), consumers.end(), edge_) != consumers.end()) keep(false, {edge_}, batch);
}

void tap::keep(bool incoming, const std::vector<std::string>& peers, const telemetry::batch_ref& batch) {
  const std::lock_guard lock(mutex_);
  if (seen_.sights.size() >= max_batches || bytes_ + batch->bytes() > max_bytes) {
    seen_.missed_items += batch->items();
    return;
  }
  std::string names;
  for (const auto& one : peers)
    (names += names.empty() ? "" : ", ") += one;
  bytes_ += batch->bytes();
  seen_.sights.push_back({incoming, std::move(names), batch});
}

tap::view tap::look() {
  const std::lock_guard lock(mutex_);
  bytes_ = 0;
  return std::exchange(seen_, {});
}

}  // namespace troupe::runtime
