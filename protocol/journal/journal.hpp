#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "protocol/journal/account.hpp"
#include "protocol/journal/disk.hpp"
#include "protocol/journal/origins.hpp"
#include "protocol/journal/scanner.hpp"
#include "protocol/journal/segment.hpp"

namespace troupe::journal {

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
  /// the others: where it is there, all are. `in_place_of`: a number that was left out, which it gets; nothing behind
  /// it was appended.
  [[nodiscard]] result<sequence> append(std::string_view payload, std::uint32_t items, origin from,
                                        std::span<const definition_id> needs,
                                        const std::function<std::string(definition_id)>& define, std::int64_t now_ms,
                                        sequence in_place_of = 0);
  /// The number of a record that can't be written now: whoever asks for it keeps what it stands for. Until as many are
  /// given back by left_out_is_done(), no segment says that all before it is here.
  [[nodiscard]] sequence leave_out();
  void left_out_is_done() { --left_out_; }
  /// The highest number that was appended from this source; 0: none.
  [[nodiscard]] std::uint64_t last_number(std::uint64_t source) const;

  struct written {
    std::string path;
    std::shared_ptr<file> open;  ///< null: of an earlier life
  };
  /// Making what was written durable: begin here, run() anywhere, finish here. One at a time.
  class sync_ticket {
   public:
    void run();

   private:
    friend class journal;
    [[nodiscard]] result<void> write();
    disk* on_ = nullptr;
    std::shared_ptr<directory_lock> lock_;  // until it has run nobody else may open the journal
    std::string directory_, cursors_;
    std::vector<std::string> doubtful_;
    std::vector<written> unsynced_;
    sequence up_to_ = 0;
    result<void> outcome_;
  };
  [[nodiscard]] std::shared_ptr<sync_ticket> begin_sync();
  [[nodiscard]] result<void> finish_sync(const sync_ticket& done);
  [[nodiscard]] result<void> sync();  ///< all three
  [[nodiscard]] bool needs_sync() const { return !unsynced_.empty() || !doubtful_.empty() || cursors_changed_; }

  /// A cursor is where a reader goes on after a restart: the first record that it is not done with. Saved by
  /// syncing; one that is there already stays where it is. `begin`: where a new one does, at the earliest.
  sequence add_cursor(const std::string& name, sequence begin = 0);
  void advance(const std::string& name, sequence to);
  void remove_cursor(const std::string& name);
  [[nodiscard]] const std::map<std::string, sequence>& cursors() const { return cursors_; }

  void set_ages(std::int64_t min_ms, std::int64_t max_ms) {
    options_.min_age_ms = min_ms, options_.max_age_ms = max_ms;
  }
  /// Whether it is known where each reader was: else a new one begins at the oldest record.
  [[nodiscard]] bool cursors_known() const { return cursors_known_; }
  /// Removes segments that all cursors have passed, and the oldest beyond the bounds; says what was lost by that.
  /// `make_room`: nothing could be written; what all have passed goes whatever its age, the segment that is being
  /// written included.
  [[nodiscard]] std::vector<loss> reclaim(std::int64_t now_ms, bool make_room = false);

  [[nodiscard]] journal_counts count() const;
  /// What this cursor has still before it; none of that name: nothing. Reads at most 128 KiB.
  [[nodiscard]] backlog waiting(const std::string& cursor) const;
  [[nodiscard]] sequence next() const { return next_; }
  [[nodiscard]] sequence first() const { return segments_.empty() ? next_ : segments_.front().first; }

 private:
  friend class reader;
  journal(disk& on, std::string directory, options options)
      : disk_(on), directory_(std::move(directory)), options_(options) {}
  [[nodiscard]] result<void> recover(open_report& report);
  struct row {
    sequence expected = 0;  ///< the number that comes next; 0: any
    bool gap = false;       ///< some are missing before
  };
  /// Numbers that no record has, from the first on and before the last; that is known already, or no loss.
  struct absence {
    sequence first = 0, end = 0;
  };
  void note_absent(sequence first, sequence end);
  void note_present(sequence number);
  [[nodiscard]] std::uint64_t absent_in(sequence first, sequence end) const;
  void make_room();
  void recover_segment(const std::string& name, bool last, row& so_far, open_report& report);
  void recover_records(scanner& all, segment& of, std::uint64_t size, bool last, row& so_far, open_report& report);
  void recover_header(const segment_header& header, row& so_far, open_report& report);
  [[nodiscard]] result<void> sync_found();
  void recover_cursors(bool there, open_report& report);
  [[nodiscard]] result<void> begin_segment(sequence first);
  [[nodiscard]] result<void> write(segment& to);
  [[nodiscard]] result<void> sync_current();
  [[nodiscard]] backlog left(const segment& of, sequence from) const;
  [[nodiscard]] const segment* segment_of(sequence number) const;

  disk& disk_;
  std::string directory_;
  options options_;
  std::shared_ptr<directory_lock> lock_;
  std::deque<segment> segments_;
  std::shared_ptr<file> current_;
  std::unordered_set<definition_id> defined_;  // in the current segment
  std::vector<written> unsynced_;
  // The system may have given up what was in memory when a sync failed, and the next one would say nothing of it: these
  // are written anew.
  std::vector<std::string> doubtful_, rewriting_;
  origin_table origins_;
  std::map<std::string, sequence> cursors_;
  bool cursors_changed_ = false, directory_changed_ = false;
  bool gap_ = false;  // found when it was opened, and no segment says yet what is known behind it
  bool cursors_known_ = false;
  std::vector<absence> absent_;  // ascending
  std::size_t left_out_ = 0;     // numbers that stand for what is kept elsewhere
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
  /// it. After an error it may be tried again.
  [[nodiscard]] result<std::optional<entry>> next();
  /// A definition that stood in the current record's segment; empty: none of that id.
  [[nodiscard]] std::string_view definition(definition_id id) const;
  [[nodiscard]] sequence wanted() const { return wanted_; }
  [[nodiscard]] sequence segment() const { return segment_; }  ///< the first sequence of the current record's segment
  /// How many records should have come and did not: unreadable, or gone with their file. Those that were reclaimed, or
  /// found missing when the journal was opened, are not among them.
  [[nodiscard]] std::uint64_t missing() const { return missing_; }

 private:
  [[nodiscard]] result<bool> open_next();
  void go_on_at(sequence number);

  const journal& of_;
  sequence wanted_;
  sequence segment_ = 0;  // first sequence of the one being read; 0: none
  std::optional<scanner> scan_;
  std::map<definition_id, std::string> definitions_;
  std::uint64_t missing_ = 0;
};

}  // namespace troupe::journal
