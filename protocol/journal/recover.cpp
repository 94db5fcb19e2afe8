// What opening a journal does: look at everything that is there, keep what is whole, and say what is not.

#include <algorithm>

#include "protocol/journal/journal.hpp"

namespace troupe::journal {

namespace {

constexpr const char* cursors_file = "cursors";

std::string place(const segment& of, std::uint64_t offset, std::uint64_t bytes) {
  return of.path.substr(of.path.rfind('/') + 1) + ", offset " + std::to_string(offset) + ": " + std::to_string(bytes) +
         " bytes are unreadable";
}

}  // namespace

result<void> journal::recover(open_report& report) {
  const auto names = disk_.list(directory_);
  if (!names) return tl::unexpected(names.error());
  std::vector<std::string> all;
  for (const auto& name : *names) {
    if (first_of_segment(name)) all.push_back(name);
    if (name.ends_with(".seg.new")) (void)disk_.remove(directory_ + '/' + name);  // of a copy that came to nothing
  }
  row so_far;
  for (const auto& name : all)
    recover_segment(name, name == all.back(), so_far, report);
  recover_cursors(std::find(names->begin(), names->end(), cursors_file) != names->end(), report);
  report.segments = segments_.size();
  for (const auto& one : segments_)
    report.records += one.held.records, report.bytes += one.bytes;
  // What an earlier life wrote may be in the machine's memory alone, names included: nothing of it counts as durable
  // before the first sync.
  durable_ = first();
  directory_changed_ = !segments_.empty();
  for (const auto& one : segments_)
    unsynced_.push_back({one.path, nullptr});
  if (so_far.expected != 0 && so_far.expected < next_) note_absent(so_far.expected, next_);
  gap_ = so_far.gap || (so_far.expected != 0 && so_far.expected != next_);
  return gap_ || options_.sync == sync_mode::always ? sync_found() : result<void>();
}

/// After a gap the next segment must say what is known from here on, and that holds only when the disk has it.
result<void> journal::sync_found() {
  for (const auto& one : unsynced_) {
    if (auto ok = disk_.sync_file(one.path); !ok) return ok;
  }
  if (auto ok = disk_.sync_directory(directory_); !ok) return ok;
  unsynced_.clear();
  durable_ = next_;
  return {};
}

/// Behind a gap a source's last number does not say that those before it are here: what was lost comes again and must
/// be taken, so the number before the gap counts; until a segment says what was known when all before it was durable.
void journal::recover_header(const segment_header& header, row& so_far, open_report& report) {
  const bool missing = so_far.expected != 0 && header.first > so_far.expected;
  if (missing) note_absent(so_far.expected, header.first);
  if (missing && !so_far.gap) {  // else it was told
    report.say("records " + std::to_string(so_far.expected) + " to " + std::to_string(header.first - 1) +
               " are missing: their file is gone");
  }
  if (header.all_durable) {
    origins_.clear();
    so_far.gap = false;
  } else if (so_far.expected != 0 && header.first != so_far.expected) {
    so_far.gap = true;
  }
  so_far.expected = header.first;
  if (so_far.gap) return;
  for (const auto& [source, number] : header.origins)
    origins_.remember({source, number});
}

void journal::recover_segment(const std::string& name, bool last, row& so_far, open_report& report) {
  segment one;
  one.path = directory_ + '/' + name;
  one.first = *first_of_segment(name);
  const auto set_aside = [&](const std::string& why, std::uint64_t bytes) {
    so_far.gap = true;
    report.damaged_bytes += bytes;
    report.say(name + ": " + why + "; kept as " + name + ".damaged");
    (void)disk_.rename(one.path, one.path + ".damaged");
    // The numbers of what it held are nobody else's, nor is its name.
    next_ = std::max(next_, one.first + 1 + bytes / record_header_bytes);
  };
  const auto size = disk_.size(one.path);
  if (!size) return set_aside(size.error().message, 0);
  next_ = std::max(next_, one.first);
  scanner all(disk_, one.path);
  auto header = all.header(*size);
  if (header && header->first != one.first) header = failure("its header is another segment's");
  if (!header) {
    const auto any = scanner(disk_, one.path).next(*size);
    if (last && *size <= max_header_bytes && any && !*any) {  // made, but not filled any more when the end came
      report.torn_bytes += *size;
      // Between its making and its header lie microseconds: more likely the machine lost what was in it.
      if (*size == 0) report.say(name + " is empty: what it held, if anything, is lost");
      (void)disk_.remove(one.path);
      return;
    }
    return set_aside(header.error().message, *size);
  }
  recover_header(*header, so_far, report);
  recover_records(all, one, *size, last, so_far, report);
  // Not the same name again: a reader may be in it already.
  if (one.held.records == 0) {
    next_ = std::max(next_, one.first + 1);
    note_absent(one.first, one.first + 1);
    so_far.expected = std::max(so_far.expected, one.first + 1);
  }
  segments_.push_back(std::move(one));
}

void journal::recover_records(scanner& all, segment& of, std::uint64_t size, bool last, row& so_far,
                              open_report& report) {
  of.bytes = size;
  for (;;) {
    const auto more = all.next(size);
    if (!more) {  // what is behind is left alone: nothing is cut off that another day may read
      of.bytes = all.offset();
      report.damaged_bytes += size - of.bytes;
      report.say(more.error().message + "; " + place(of, of.bytes, size - of.bytes));
      so_far.gap = true;
      return;
    }
    if (all.skipped() > 0 && (*more || !last)) {
      report.damaged_bytes += all.skipped();
      report.say(place(of, all.begin() - (*more ? all.skipped() : 0), all.skipped()));
    }
    if (!*more) break;
    const auto& found = all.found();
    if (found.kind != record_kind::data) continue;
    of.count(found.id, all.begin(), found.items, found.time_ms);
    next_ = std::max(next_, found.id + 1);
    if (found.id > so_far.expected) note_absent(so_far.expected, found.id);
    so_far.gap = so_far.gap || found.id != so_far.expected;
    so_far.expected = found.id + 1;
    if (!so_far.gap) origins_.remember({found.source, found.number});
  }
  if (!last || all.skipped() == 0) return;
  // What comes is written into a fresh segment: this one stays as it was found, without its torn end.
  report.torn_bytes += all.skipped();
  of.bytes = all.begin();
  if (auto opened = disk_.open(of.path)) (void)(*opened)->truncate(of.bytes);
}

void journal::recover_cursors(bool there, open_report& report) {
  const auto path = directory_ + '/' + cursors_file;
  const auto unreadable = [&](const std::string& why) {
    report.say("cursors: " + why + "; every reader begins at the oldest record");
  };
  if (!there) {
    if (!segments_.empty()) return unreadable("the file is gone");
    // So that one that is gone can be told from one that never was; no harm if it can't be.
    if (auto opened = disk_.open(path)) (void)(*opened)->append(cursors_text({}));
    cursors_known_ = true;
    return;
  }
  const auto text = disk_.read(path, 0, max_cursors_bytes);
  if (!text) return unreadable(text.error().message);
  const auto read = read_cursors(*text);
  if (!read) return unreadable("unreadable: " + read.error().message);
  cursors_known_ = true;
  for (auto [name, number] : *read) {
#ifdef TROUPE_BUG_RESUME_ONE_TOO_FAR
    ++number;
#endif
    // A cursor beyond the end is of a journal whose end was lost: what is appended next is new to it.
    next_ = std::max(next_, number);
    cursors_[name] = std::max(number, first());
    if (number < first()) {
      report.say(name + ": records " + std::to_string(number) + " to " + std::to_string(first() - 1) +
                 " were not read yet and are missing");
    }
  }
}

}  // namespace troupe::journal
