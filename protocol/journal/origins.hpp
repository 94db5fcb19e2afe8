#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>

#include "protocol/journal/account.hpp"

namespace troupe::journal {

/// The highest number of each source. Holds `max_origins` of them; beyond that the one that was silent longest goes.
class origin_table {
 public:
  void remember(origin from);
  [[nodiscard]] std::uint64_t last_number(std::uint64_t source) const;
  void clear();
  /// Longest silent first, as a segment's header has them: remembered in this order they make the same table.
  [[nodiscard]] origin_list all() const { return {order_.begin(), order_.end()}; }

 private:
  using order = std::list<origin_list::value_type>;
  order order_;
  std::unordered_map<std::uint64_t, order::iterator> by_source_;
};

}  // namespace troupe::journal
