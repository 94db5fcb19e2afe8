#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/journal/disk.hpp"
#include "protocol/journal/format.hpp"

namespace troupe::journal {

using definition_id = std::uint64_t;

/// Who handed a batch over, and its number there: what is handed over twice is recognised. Source 0: nobody.
struct origin {
  std::uint64_t source = 0, number = 0;
};

struct options {
  /// Of records; the definitions that a segment repeats come on top, so that they never become the most of it.
  std::size_t segment_bytes = std::size_t{64} << 20;
  std::uint64_t max_bytes = std::uint64_t{16} << 30;  ///< of all segments; beyond it the oldest goes
  std::int64_t max_age_ms = 0;                        ///< 0: no bound
  std::int64_t min_age_ms = 0;                        ///< what every cursor has passed is kept this long
};

/// What was found when the journal was opened.
struct open_report {
  std::size_t segments = 0;
  std::uint64_t records = 0, bytes = 0;
  std::uint64_t torn_bytes = 0;     ///< an unfinished record at the end, cut off
  std::uint64_t damaged_bytes = 0;  ///< unreadable in the middle; skipped
  std::vector<std::string> damage;  ///< each in words, with file and offset
};

/// What a cursor had not passed when its segment had to go.
struct loss {
  std::string cursor;
  std::string reason;  ///< "size" or "age"
  std::uint64_t records = 0, items = 0;
};

struct journal_counts {
  std::uint64_t segments = 0, records = 0, bytes = 0;
  sequence first = 0, next = 0, durable = 0;  ///< `durable`: everything before it is on the disk for good
  std::uint64_t appended_records = 0, appended_bytes = 0, failed_appends = 0;
};

class reader;

/// Used by one thread, but for sync_ticket::run(). Keeps what was written over a crash of the process at any point;
/// over a loss of power what was synced.
class journal {
 public:
  [[nodiscard]] static result<std::unique_ptr<journal>> open(disk& on, std::string directory, options options,
                                                             open_report& report);
  ~journal();
  journal(const journal&) = delete;

  /// One record. `needs`: the definitions that it refers to; `define` is asked for those that the current segment
  /// lacks. On an error nothing was appended, and the next attempt may succeed. The last of `needs` is written after
  /// the others: where it is there, all are.
  [[nodiscard]] result<sequence> append(std::string_view payload, std::uint32_t items, origin from,
                                        std::span<const definition_id> needs,
                                        const std::function<std::string(definition_id)>& define, std::int64_t now_ms);
  /// The highest number that was appended from this source; 0: none.
  [[nodiscard]] std::uint64_t last_number(std::uint64_t source) const;

  /// Making what was written durable: begin here, run() anywhere, finish here.
  class sync_ticket {
   public:
    void run();

   private:
    friend class journal;
    [[nodiscard]] result<void> write();
    disk* on_ = nullptr;
    std::shared_ptr<directory_lock>
        lock_;  // until it has run nobody else may open the journal: it would write over theirs
    std::string directory_, cursors_;
    std::vector<std::string> found_;
    std::vector<std::shared_ptr<file>> files_;
    sequence up_to_ = 0;
    result<void> outcome_;
  };
  [[nodiscard]] std::shared_ptr<sync_ticket> begin_sync();
  [[nodiscard]] result<void> finish_sync(const sync_ticket& done);
  [[nodiscard]] result<void> sync();  ///< all three
  [[nodiscard]] bool needs_sync() const { return !found_.empty() || !unsynced_.empty() || cursors_changed_; }

  /// A cursor is where a reader goes on after a restart: the first record that it is not done with. A new one begins at
  /// the oldest record. Saved by syncing.
  sequence add_cursor(const std::string& name);
  void advance(const std::string& name, sequence to);
  void remove_cursor(const std::string& name);
  [[nodiscard]] const std::map<std::string, sequence>& cursors() const { return cursors_; }

  void set_ages(std::int64_t min_ms, std::int64_t max_ms) {
    options_.min_age_ms = min_ms, options_.max_age_ms = max_ms;
  }
  /// Removes segments that all cursors have passed, and the oldest beyond the bounds; says what was lost by that.
  [[nodiscard]] std::vector<loss> reclaim(std::int64_t now_ms);

  [[nodiscard]] journal_counts count() const;
  [[nodiscard]] sequence next() const { return next_; }
  [[nodiscard]] sequence first() const { return segments_.empty() ? next_ : segments_.front().first; }

 private:
  friend class reader;
  struct segment {
    sequence first = 0;
    std::string path;
    std::uint64_t bytes = 0, records = 0;
    std::uint64_t data_bytes = 0;  ///< of records, since it was begun here
    std::int64_t newest_ms = 0;
  };
  journal(disk& on, std::string directory, options options)
      : disk_(on), directory_(std::move(directory)), options_(options) {}
  [[nodiscard]] result<void> recover(open_report& report);
  struct row {
    sequence expected = 0;  ///< the number that comes next; 0: any
    bool gap = false;       ///< some are missing before
  };
  void recover_segment(const std::string& name, bool last, row& so_far, open_report& report);
  void recover_header(const segment_header& header, row& so_far);
  [[nodiscard]] result<void> sync_found();
  void recover_cursors(open_report& report);
  [[nodiscard]] result<void> begin_segment();
  [[nodiscard]] std::string cursors_text() const;
  void remember(origin from);
  [[nodiscard]] loss measure(const segment& of, sequence from, std::string cursor, std::string reason) const;
  [[nodiscard]] const segment* segment_of(sequence number) const;

  disk& disk_;
  std::string directory_;
  options options_;
  std::shared_ptr<directory_lock> lock_;
  std::deque<segment> segments_;
  std::shared_ptr<file> current_;
  std::unordered_set<definition_id> defined_;  // in the current segment
  std::vector<std::string> found_;  // segments of an earlier life, which may have ended before they were synced
  std::vector<std::shared_ptr<file>> unsynced_;
  std::map<std::uint64_t, std::uint64_t> origins_;
  std::deque<std::uint64_t> origin_order_;  // oldest first
  std::map<std::string, sequence> cursors_;
  bool cursors_changed_ = false, directory_changed_ = false;
  bool gap_ = false;  // found when it was opened, and no segment says yet what is known behind it
  sequence next_ = 1, durable_ = 1;
  std::string buffer_;
  std::uint64_t appended_records_ = 0, appended_bytes_ = 0, failed_appends_ = 0;
};

/// Reads records in order from any point on, while others are appended.
class reader {
 public:
  struct entry {
    sequence number = 0;
    std::int64_t time_ms = 0;
    std::uint32_t items = 0;
    std::string_view payload;  ///< until the next call
  };
  reader(const journal& of, sequence from) : of_(of), wanted_(from) {}

  /// The next record that can be read; nothing: there is none yet. Damaged ones are skipped; gaps in the numbers show
  /// it.
  [[nodiscard]] result<std::optional<entry>> next();
  /// A definition that stood in the current record's segment; empty: none of that id.
  [[nodiscard]] std::string_view definition(definition_id id) const;
  [[nodiscard]] sequence wanted() const { return wanted_; }
  [[nodiscard]] sequence segment() const { return segment_; }  ///< the first sequence of the current record's segment
  [[nodiscard]] std::uint64_t damaged_bytes() const { return damaged_bytes_; }

 private:
  [[nodiscard]] result<bool> fill(std::size_t bytes);
  [[nodiscard]] bool open_next();

  const journal& of_;
  sequence wanted_;
  sequence segment_ = 0;  // first sequence of the one being read; 0: none
  std::string path_;
  std::uint64_t offset_ = 0;  // of buffer_'s beginning
  std::size_t at_ = 0;        // in buffer_
  std::string buffer_;
  std::map<definition_id, std::string> definitions_;
  std::uint64_t damaged_bytes_ = 0;
};

/// Where after damage at `from` the next whole record begins in `bytes`; npos: nowhere.
[[nodiscard]] std::size_t find_record(std::string_view bytes, std::size_t from);

}  // namespace troupe::journal
