// What opening a journal does: look at everything that is there, keep what is whole, and say what is not.

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "protocol/journal/crc32c.hpp"
#include "protocol/journal/journal.hpp"

namespace troupe::journal {

std::size_t find_record(std::string_view bytes, std::size_t from) {
  for (; from + record_header_bytes <= bytes.size(); ++from) {
    if (claimed_size(bytes.substr(from)) && read_record(bytes.substr(from))) return from;
  }
  return std::string_view::npos;
}

result<void> journal::recover(open_report& report) {
  const auto names = disk_.list(directory_);
  if (!names) return tl::unexpected(names.error());
  std::vector<std::string> all;
  for (const auto& name : *names) {
    if (first_of_segment(name)) all.push_back(name);
  }
  row so_far;
  for (const auto& name : all)
    recover_segment(name, name == all.back(), so_far, report);
  recover_cursors(report);
  report.segments = segments_.size();
  for (const auto& one : segments_)
    report.records += one.records, report.bytes += one.bytes;
  // What an earlier life wrote may be in the machine's memory alone, names included: nothing of it counts as durable
  // before the first sync.
  durable_ = first();
  directory_changed_ = !segments_.empty();
  for (const auto& one : segments_)
    found_.push_back(one.path);
  gap_ = so_far.gap || (so_far.expected != 0 && so_far.expected != next_);
  return gap_ ? sync_found() : result<void>();
}

/// After a gap the next segment must say what is known from here on, and that holds only when the disk has it.
result<void> journal::sync_found() {
  for (const auto& one : found_) {
    if (auto ok = disk_.sync_file(one); !ok) return ok;
  }
  if (auto ok = disk_.sync_directory(directory_); !ok) return ok;
  found_.clear();
  durable_ = next_;
  return {};
}

/// Behind a gap a source's last number does not say that those before it are here: what was lost comes again and must
/// be taken, so the number before the gap counts; until a segment says what was known when all before it was durable.
void journal::recover_header(const segment_header& header, row& so_far) {
  if (header.all_durable) {
    origins_.clear();
    origin_order_.clear();
    so_far.gap = false;
  } else if (so_far.expected != 0 && header.first != so_far.expected) {
    so_far.gap = true;
  }
  so_far.expected = header.first;
  if (so_far.gap) return;
  for (const auto& [source, number] : header.origins)
    remember({source, number});
}

void journal::recover_segment(const std::string& name, bool last, row& so_far, open_report& report) {
  segment one;
  one.path = directory_ + '/' + name;
  one.first = *first_of_segment(name);
  const auto unreadable = [&](const std::string& why) {
    so_far.gap = true;
    report.damage.push_back(name + ": " + why + "; kept as " + name + ".damaged");
    (void)disk_.rename(one.path, one.path + ".damaged");
  };
  const auto size = disk_.size(one.path);
  if (!size) return unreadable(size.error().message);
  const auto bytes = disk_.read(one.path, 0, static_cast<std::size_t>(*size));
  if (!bytes) return unreadable(bytes.error().message);
  next_ = std::max(next_, one.first);
  const auto header = read_header(*bytes);
  if (!header) {
    report.damaged_bytes += *size;
    if (last && *size < 4096) {  // made, but not filled any more when the end came
      report.torn_bytes += *size;
      report.damaged_bytes -= *size;
      (void)disk_.remove(one.path);
      return;
    }
    return unreadable(header.error().message);
  }
  recover_header(header->first, so_far);
  std::size_t at = header->second;
  while (at < bytes->size()) {
    const auto rest = std::string_view(*bytes).substr(at);
    if (const auto found = read_record(rest)) {
      if (found->kind == record_kind::data) {
        ++one.records;
        one.newest_ms = std::max(one.newest_ms, found->time_ms);
        next_ = std::max(next_, found->id + 1);
        so_far.gap = so_far.gap || found->id != so_far.expected;
        so_far.expected = found->id + 1;
        if (!so_far.gap) remember({found->source, found->number});
      }
      at += record_header_bytes + found->payload.size();
      continue;
    }
    const auto whole = find_record(*bytes, at + 1);
    if (whole == std::string_view::npos) {
      const auto left = bytes->size() - at;
      (last ? report.torn_bytes : report.damaged_bytes) += left;
      if (!last)
        report.damage.push_back(name + ", offset " + std::to_string(at) + ": " + std::to_string(left) +
                                " bytes are unreadable");
      break;
    }
    report.damaged_bytes += whole - at;
    report.damage.push_back(name + ", offset " + std::to_string(at) + ": " + std::to_string(whole - at) +
                            " bytes are unreadable");
    at = whole;
  }
  one.bytes = last ? at : bytes->size();
  // What comes is written into a fresh segment: this one stays as it was found, without its torn end.
  if (last && at < bytes->size()) {
    if (auto opened = disk_.open(one.path)) (void)(*opened)->truncate(at);
  }
  // Not the same name again: a reader may be in it already.
  if (one.records == 0) next_ = std::max(next_, one.first + 1);
  segments_.push_back(std::move(one));
}

void journal::recover_cursors(open_report& report) {
  const auto path = directory_ + "/cursors";
  const auto size = disk_.size(path);
  if (!size) return;  // there never was any
  const auto text = disk_.read(path, 0, static_cast<std::size_t>(std::min<std::uint64_t>(*size, 1 << 20)));
  const auto damaged = [&] {
    report.damage.push_back("cursors: unreadable; every reader begins at the oldest record");
  };
  if (!text || text->size() < 9) return damaged();
  const auto lines = std::string_view(*text).substr(0, text->size() - 9);
  char crc[12];
  std::snprintf(crc, sizeof crc, "%08x\n", crc32c(lines));
  if (std::string_view(*text).substr(lines.size()) != crc) return damaged();
  for (std::size_t at = 0; at < lines.size();) {
    const auto end = lines.find('\n', at);
    const auto tab = lines.rfind('\t', end);
    sequence number = 0;
    std::from_chars(lines.data() + tab + 1, lines.data() + end, number);
#ifdef TROUPE_BUG_RESUME_ONE_TOO_FAR
    ++number;
#endif
    // A cursor beyond the end is of a journal whose end was lost: what is appended next is new to it.
    next_ = std::max(next_, number);
    cursors_[std::string(lines.substr(at, tab - at))] = std::max(number, first());
    at = end + 1;
  }
}

}  // namespace troupe::journal
