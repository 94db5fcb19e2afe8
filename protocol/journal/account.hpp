#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/journal/format.hpp"

namespace troupe::journal {

using definition_id = std::uint64_t;

/// Who handed a batch over, and its number there: what is handed over twice is recognised. Source 0: nobody.
struct origin {
  std::uint64_t source = 0, number = 0;
};

/// When a record counts as kept.
enum class sync_mode {
  grouped,  ///< as soon as it is written; its owner syncs many at once, every second say
  always,   ///< when the disk has it for good: append() waits for that
};

struct options {
  /// Of records; the definitions that a segment repeats come on top, so that they never become the most of it.
  std::size_t segment_bytes = std::size_t{64} << 20;
  std::uint64_t max_bytes = std::uint64_t{16} << 30;  ///< of all segments; beyond it the oldest goes
  std::int64_t max_age_ms = 0;                        ///< 0: no bound
  std::int64_t min_age_ms = 0;                        ///< what every cursor has passed is kept this long
  sync_mode sync = sync_mode::grouped;
};

/// What was found when the journal was opened.
struct open_report {
  std::size_t segments = 0;
  std::uint64_t records = 0, bytes = 0;
  std::uint64_t torn_bytes = 0;     ///< an unfinished record at the end, cut off
  std::uint64_t damaged_bytes = 0;  ///< unreadable in the middle; skipped
  std::vector<std::string> damage;  ///< each in words, with file and offset; the first 100 places

  void say(std::string what) {
    if (damage.size() < 100) damage.push_back(std::move(what));
  }
};

/// What a cursor had not passed when its segment had to go.
struct loss {
  std::string cursor;
  std::string reason;  ///< "size" or "age"
  std::uint64_t records = 0, items = 0;
};

/// What is there, and what of it a cursor has still before it.
struct backlog {
  std::uint64_t records = 0, items = 0;
};

struct journal_counts {
  std::uint64_t segments = 0, records = 0, items = 0, bytes = 0;
  sequence first = 0, next = 0, durable = 0;  ///< `durable`: everything before it is on the disk for good
  std::uint64_t appended_records = 0, appended_bytes = 0, failed_appends = 0;
};

}  // namespace troupe::journal
