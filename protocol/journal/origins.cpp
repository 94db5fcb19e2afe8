#include "protocol/journal/origins.hpp"

#include <algorithm>

namespace troupe::journal {

void origin_table::remember(origin from) {
  if (from.source == 0) return;
  if (const auto known = by_source_.find(from.source); known != by_source_.end()) {
    known->second->second = std::max(known->second->second, from.number);
    order_.splice(order_.end(), order_, known->second);
    return;
  }
  by_source_[from.source] = order_.emplace(order_.end(), from.source, from.number);
  if (order_.size() <= max_origins) return;
  by_source_.erase(order_.front().first);
  order_.pop_front();
}

std::uint64_t origin_table::last_number(std::uint64_t source) const {
  const auto known = by_source_.find(source);
  return known == by_source_.end() ? 0 : known->second->second;
}

void origin_table::clear() {
  order_.clear();
  by_source_.clear();
}

}  // namespace troupe::journal
