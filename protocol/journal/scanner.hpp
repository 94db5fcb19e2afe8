#pragma once

#include <cstdint>
#include <string>

#include "protocol/journal/disk.hpp"
#include "protocol/journal/format.hpp"

namespace troupe::journal {

/// Where in `bytes` the first whole record at or after `from` begins; npos: nowhere.
[[nodiscard]] std::size_t find_record(std::string_view bytes, std::size_t from);

/// Goes through the records of one segment, a window at a time, and over damage to the next record that is whole.
/// Memory: a window of 256 KiB, or the largest record.
class scanner {
 public:
  /// `offset`: of a record, or 0: header() comes first.
  scanner(disk& on, std::string path, std::uint64_t offset = 0) : on_(&on), path_(std::move(path)), offset_(offset) {}

  /// The segment's header. An error: it cannot be read, or is none; next() then looks for records from the beginning.
  [[nodiscard]] result<segment_header> header(std::uint64_t end);
  /// The next record that lies whole before `end`; false: there is none, and all before `end` has been looked at. After
  /// an error it may be tried again. `end` may grow.
  [[nodiscard]] result<bool> next(std::uint64_t end);
  [[nodiscard]] const record& found() const { return found_; }  ///< its payload: until the next call
  [[nodiscard]] std::uint64_t begin() const { return begin_; }  ///< of the record found; at the end: of what follows it
  [[nodiscard]] std::uint64_t skipped() const { return skipped_; }  ///< bytes of damage that the last next() went over
  [[nodiscard]] std::uint64_t offset() const { return offset_ + at_; }  ///< where next() goes on

 private:
  [[nodiscard]] result<bool> fill(std::size_t bytes, std::uint64_t end);
  [[nodiscard]] std::string_view rest() const { return std::string_view(window_).substr(at_); }
  [[nodiscard]] result<bool> whole(std::uint64_t end);

  disk* on_;
  std::string path_;
  std::uint64_t offset_;  // of window_'s beginning
  std::string window_;
  std::size_t at_ = 0;  // in window_
  record found_;
  std::uint64_t begin_ = 0, skipped_ = 0, checked_ = 0;
};

}  // namespace troupe::journal
