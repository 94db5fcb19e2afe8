#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/journal/account.hpp"

namespace troupe::journal {

/// What the journal knows of one of its files.
struct segment {
  sequence first = 0;
  std::string path;
  std::uint64_t bytes = 0;  ///< up to here it is read
  backlog held;
  sequence end = 0;              ///< behind the last of its records; 0: it has none
  std::uint64_t data_bytes = 0;  ///< of records, since it was begun here
  std::int64_t newest_ms = 0;

  /// A place to count from: what is held before the record that begins at `offset`.
  struct mark {
    sequence number = 0;
    std::uint64_t offset = 0;
    backlog before;
  };
  std::vector<mark> marks;  ///< one in 128 KiB: 5 MiB for 16 GiB of records

  /// Counts the record that begins at `offset`.
  void count(sequence number, std::uint64_t offset, std::uint32_t items, std::int64_t time_ms) {
    if (marks.empty() || offset - marks.back().offset >= mark_every) marks.push_back({number, offset, held});
    end = std::max(end, number + 1);
    ++held.records;
    held.items += items;
    newest_ms = std::max(newest_ms, time_ms);
  }
  static constexpr std::uint64_t mark_every = std::uint64_t{128} << 10;
};

}  // namespace troupe::journal
