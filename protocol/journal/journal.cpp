#include "protocol/journal/journal.hpp"

#include <algorithm>
#include <utility>

namespace troupe::journal {

namespace {

constexpr const char* cursors_file = "cursors";

std::string joined(const std::string& directory, std::string_view name) {
  return directory + '/' + std::string(name);
}

result<void> save_cursors(disk& on, const std::string& directory, const std::string& text) {
  const auto path = joined(directory, cursors_file);
  const auto fresh = path + ".new";
  if (auto ok = on.remove(fresh); !ok) return ok;
  {
    auto file = on.open(fresh);
    if (!file) return tl::unexpected(file.error());
    if (auto ok = (*file)->append(text); !ok) return ok;
    if (auto ok = (*file)->sync(); !ok) return ok;
  }
  if (auto ok = on.rename(fresh, path); !ok) return ok;
  return on.sync_directory(directory);
}

/// The same bytes in another file under the same name, on the disk for good once the directory is.
[[maybe_unused]] result<void> write_anew(disk& on, const std::string& path) {
  constexpr std::size_t at_once = std::size_t{1} << 20;
  const auto fresh = path + ".new";
  if (auto ok = on.remove(fresh); !ok) return ok;
  const auto size = on.size(path);
  if (!size) return tl::unexpected(size.error());
  {
    auto copy = on.open(fresh);
    if (!copy) return tl::unexpected(copy.error());
    for (std::uint64_t at = 0; at < *size; at += at_once) {
      const auto some = on.read(path, at, static_cast<std::size_t>(std::min<std::uint64_t>(at_once, *size - at)));
      if (!some) return tl::unexpected(some.error());
      if (auto ok = (*copy)->append(*some); !ok) return ok;
    }
    if (auto ok = (*copy)->sync(); !ok) return ok;
  }
  return on.rename(fresh, path);
}

}  // namespace

result<std::unique_ptr<journal>> journal::open(disk& on, std::string directory, options options, open_report& report) {
  if (auto ok = on.make_directory(directory); !ok) return tl::unexpected(ok.error());
  std::unique_ptr<journal> made(new journal(on, std::move(directory), options));
  auto lock = on.lock(made->directory_);
  if (!lock) return tl::unexpected(lock.error());
  made->lock_ = std::move(*lock);
  if (auto ok = made->recover(report); !ok) return tl::unexpected(ok.error());
  return made;
}

journal::~journal() = default;

result<sequence> journal::append(std::string_view payload, std::uint32_t items, origin from,
                                 std::span<const definition_id> needs,
                                 const std::function<std::string(definition_id)>& define, std::int64_t now_ms,
                                 sequence in_place_of) {
  if (payload.size() > max_record_bytes)
    return failure("a record of " + std::to_string(payload.size()) + " bytes is too large for the journal");
  const auto number = in_place_of == 0 ? next_ : in_place_of;
  if (!current_ || segments_.back().data_bytes >= options_.segment_bytes || segments_.back().first > number) {
    if (auto ok = begin_segment(number); !ok) {
      ++failed_appends_;
      return tl::unexpected(ok.error());
    }
  }
  auto& segment = segments_.back();
  buffer_.clear();
  std::vector<definition_id> fresh;
  if (!needs.empty() && defined_.contains(needs.back())) needs = {};
  for (const definition_id id : needs) {
    if (defined_.contains(id)) continue;
    const auto text = define(id);
    if (text.size() > max_record_bytes)
      return failure("a definition of " + std::to_string(text.size()) + " bytes is too large for the journal");
    append_record({record_kind::definition, 0, now_ms, id, 0, 0, text}, buffer_);
    fresh.push_back(id);
  }
  const auto begin = segment.bytes + buffer_.size();
  append_record({record_kind::data, items, now_ms, number, from.source, from.number, payload}, buffer_);
  if (auto ok = write(segment); !ok) {
    ++failed_appends_;
    return tl::unexpected(ok.error());
  }
  defined_.insert(fresh.begin(), fresh.end());
  segment.count(number, begin, items, now_ms);
  segment.bytes += buffer_.size();
  segment.data_bytes += record_header_bytes + payload.size();
  ++appended_records_;
  appended_bytes_ += buffer_.size();
  origins_.remember(from);
  if (in_place_of == 0) {
    ++next_;
  } else {
    note_present(number);
  }
  if (options_.sync == sync_mode::always) {
    durable_ = next_;
  } else if (unsynced_.empty() || unsynced_.back().open != current_) {
    unsynced_.push_back({segment.path, current_});
  }
  return number;
}

/// What is in buffer_, whole, or as if it had never been tried.
result<void> journal::write(segment& to) {
  auto ok = current_->append(buffer_);
  const bool written = ok.has_value();
  if (written && options_.sync == sync_mode::always) ok = sync_current();
  if (ok) return ok;
  // A part of it may be there: it goes, or nothing more is written behind it.
  const bool undone = current_->truncate(to.bytes).has_value();
  if (!undone || written) current_ = nullptr;
  // It may be found when the journal is opened again; then its number must be nobody else's.
  if (!undone && written) {
    if (durable_ == next_) ++durable_;
    note_absent(next_, next_ + 1);
    ++next_;
  }
  return ok;
}

sequence journal::leave_out() {
  ++left_out_;
  note_absent(next_, next_ + 1);
  return next_++;
}

void journal::note_absent(sequence first, sequence end) {
  if (!absent_.empty() && absent_.back().end == first) {
    absent_.back().end = end;
  } else {
    absent_.push_back({first, end});
  }
}

/// It is there now, and not yet for good.
void journal::note_present(sequence number) {
  durable_ = std::min(durable_, number);
  const auto at = std::find_if(absent_.begin(), absent_.end(),
                               [&](const absence& one) { return one.first <= number && number < one.end; });
  if (at == absent_.end()) return;
  const absence behind{number + 1, std::exchange(at->end, number)};
  if (behind.first < behind.end) absent_.insert(at + 1, behind);
  std::erase_if(absent_, [](const absence& one) { return one.first == one.end; });
}

std::uint64_t journal::absent_in(sequence first, sequence end) const {
  std::uint64_t sum = 0;
  for (const auto& one : absent_) {
    const auto from = std::max(first, one.first), to = std::min(end, one.end);
    if (from < to) sum += to - from;
  }
  return sum;
}

result<void> journal::sync_current() {
  if (auto ok = current_->sync(); !ok || !directory_changed_) return ok;
  if (auto ok = disk_.sync_directory(directory_); !ok) return ok;
  directory_changed_ = false;
  return {};
}

result<void> journal::begin_segment(sequence first) {
  segment made;
  made.first = first;
  made.path = joined(directory_, segment_name(first));
  if (auto ok = disk_.remove(made.path); !ok) return ok;  // of an attempt that failed
  auto opened = disk_.open(made.path);
  if (!opened) return tl::unexpected(opened.error());
  std::string header;
  append_header({first, origins_.all(), durable_ == next_ && left_out_ == 0}, header);
  if (auto ok = (*opened)->append(header); !ok) {
    (void)disk_.remove(made.path);
    return ok;
  }
  made.bytes = header.size();
  if (!segments_.empty() && segments_.back().first >= first) {  // held no record
    if (segments_.back().first > first) (void)disk_.remove(segments_.back().path);
    segments_.pop_back();
  }
  segments_.push_back(std::move(made));
  current_ = std::move(*opened);
  defined_.clear();
  directory_changed_ = true;
  gap_ = false;
  return {};
}

std::uint64_t journal::last_number(std::uint64_t source) const {
  return origins_.last_number(source);
}

std::shared_ptr<journal::sync_ticket> journal::begin_sync() {
  auto ticket = std::make_shared<sync_ticket>();
  ticket->on_ = &disk_;
  ticket->lock_ = lock_;
  ticket->directory_ = directory_;
  ticket->up_to_ = next_;
  for (const auto& one : segments_) {
    if (std::find(doubtful_.begin(), doubtful_.end(), one.path) != doubtful_.end())
      ticket->doubtful_.push_back(one.path);
  }
  doubtful_.clear();
  rewriting_ = ticket->doubtful_;
  ticket->unsynced_ = std::exchange(unsynced_, {});
  const bool cursors = std::exchange(cursors_changed_, false);
  const bool names = std::exchange(directory_changed_, false);  // the cursors' file brings the others' names with it
  if (cursors || names || !rewriting_.empty()) ticket->cursors_ = cursors_text(cursors_);
  return ticket;
}

void journal::sync_ticket::run() {
  outcome_ = write();
  lock_ = nullptr;
}

/// What is done with leaves the ticket.
result<void> journal::sync_ticket::write() {
#ifndef TROUPE_BUG_SKIP_FSYNC
  for (; !doubtful_.empty(); doubtful_.pop_back()) {
    if (auto ok = write_anew(*on_, doubtful_.back()); !ok) return ok;
  }
  for (; !unsynced_.empty(); unsynced_.erase(unsynced_.begin())) {
    const auto& one = unsynced_.front();
    if (auto ok = one.open ? one.open->sync() : on_->sync_file(one.path); !ok) {
      doubtful_.push_back(one.path);
      unsynced_.erase(unsynced_.begin());
      return ok;
    }
  }
#endif
  return cursors_.empty() ? result<void>() : save_cursors(*on_, directory_, cursors_);
}

result<void> journal::finish_sync(const sync_ticket& done) {
  rewriting_.clear();
  if (done.outcome_) {
    durable_ = std::max(durable_, done.up_to_);
    return {};
  }
  doubtful_ = done.doubtful_;
  const auto in_doubt = [&](const std::string& path) {
    return std::find(doubtful_.begin(), doubtful_.end(), path) != doubtful_.end();
  };
  const auto since = std::exchange(unsynced_, done.unsynced_);
  for (const auto& one : since) {
    const bool known =
        std::any_of(unsynced_.begin(), unsynced_.end(), [&](const auto& o) { return o.path == one.path; });
    if (!known && !in_doubt(one.path)) unsynced_.push_back(one);
  }
  if (!segments_.empty() && in_doubt(segments_.back().path)) current_ = nullptr;
  cursors_changed_ = cursors_changed_ || !done.cursors_.empty();
  return done.outcome_;
}

result<void> journal::sync() {
  const auto ticket = begin_sync();
  ticket->run();
  return finish_sync(*ticket);
}

sequence journal::add_cursor(const std::string& name, sequence begin) {
  const auto [at, fresh] = cursors_.try_emplace(name, std::clamp(begin, first(), next_));
  cursors_known_ = true;
  cursors_changed_ = cursors_changed_ || fresh;
  return at->second;
}

void journal::advance(const std::string& name, sequence to) {
  auto& at = cursors_.at(name);
  if (to <= at) return;
  at = to;
  cursors_changed_ = true;
}

void journal::remove_cursor(const std::string& name) {
  cursors_changed_ = cursors_.erase(name) > 0 || cursors_changed_;
}

/// Something could not be written: what is being written goes, too, when nobody wants any of it. First another one is
/// begun, so that what is known never has no place; on a disk that has no room for even that, it comes after.
void journal::make_room() {
  if (segments_.empty() || segments_.back().held.records == 0 || !rewriting_.empty()) return;
  const auto end = segments_.back().end;
  if (std::any_of(cursors_.begin(), cursors_.end(), [&](const auto& one) { return one.second < end; })) return;
  if (begin_segment(next_)) return;
  if (!disk_.remove(segments_.back().path)) return;
  segments_.pop_back();
  current_ = nullptr;
  (void)begin_segment(next_);  // else with the next record
}

std::vector<loss> journal::reclaim(std::int64_t now_ms, bool room) {
  std::vector<loss> lost;
  if (room) make_room();
  sequence slowest = next_;
  for (const auto& [name, at] : cursors_)
    slowest = std::min(slowest, at);
  std::uint64_t bytes = 0;
  for (const auto& one : segments_)
    bytes += one.bytes;
  while (segments_.size() > 1) {
    const auto& oldest = segments_.front();
    if (std::find(rewriting_.begin(), rewriting_.end(), oldest.path) != rewriting_.end()) break;
    const sequence end = segments_[1].first;
    const bool passed = oldest.end <= slowest && (room || now_ms - oldest.newest_ms >= options_.min_age_ms);
    const bool old = options_.max_age_ms > 0 && oldest.newest_ms < now_ms - options_.max_age_ms;
    const bool large = bytes > options_.max_bytes;
    if (!passed && !old && !large) break;
    // What goes may be all that shows a gap: first a segment must say what is known. On a full disk it can't, and room
    // comes first.
    if (gap_) (void)begin_segment(next_);
    for (auto& [name, at] : cursors_) {
      if (at >= end) continue;
      const auto gone = left(oldest, at);
      if (gone.records > 0) lost.push_back({name, old ? "age" : "size", gone.records, gone.items});
      at = end;
      cursors_changed_ = true;
    }
    if (!disk_.remove(oldest.path)) break;  // tried again the next time
    bytes -= oldest.bytes;
    segments_.pop_front();
  }
  std::erase_if(absent_, [&](const absence& one) { return one.end <= first(); });
  return lost;
}

/// What is held in a segment at or after `from`. Where the disk cannot be read it may be a little more.
backlog journal::left(const segment& of, sequence from) const {
  const auto after = std::upper_bound(of.marks.begin(), of.marks.end(), from,
                                      [](sequence n, const segment::mark& m) { return n < m.number; });
  if (after == of.marks.begin()) return of.held;
  const auto& mark = *(after - 1);
  backlog rest{of.held.records - mark.before.records, of.held.items - mark.before.items};
  const auto end = after == of.marks.end() ? of.bytes : after->offset;
  scanner all(disk_, of.path, mark.offset);
  while (rest.records > 0 && mark.number < from) {
    const auto more = all.next(end);
    if (!more || !*more) break;
    if (all.found().kind != record_kind::data) continue;
    if (all.found().id >= from) break;
    --rest.records;
    rest.items -= std::min<std::uint64_t>(rest.items, all.found().items);
  }
  return rest;
}

backlog journal::waiting(const std::string& cursor) const {
  backlog all;
  const auto at = cursors_.find(cursor);
  if (at == cursors_.end()) return all;
  for (auto one = segments_.rbegin(); one != segments_.rend(); ++one) {
    const auto some = at->second > one->first ? left(*one, at->second) : one->held;
    all.records += some.records, all.items += some.items;
    if (at->second >= one->first) break;
  }
  return all;
}

const segment* journal::segment_of(sequence number) const {
  const auto after = std::upper_bound(segments_.begin(), segments_.end(), number,
                                      [](sequence n, const segment& s) { return n < s.first; });
  return after == segments_.begin() ? nullptr : &*(after - 1);
}

journal_counts journal::count() const {
  journal_counts all;
  all.segments = segments_.size();
  for (const auto& one : segments_)
    all.bytes += one.bytes, all.records += one.held.records, all.items += one.held.items;
  all.first = first(), all.next = next_, all.durable = durable_;
  all.appended_records = appended_records_, all.appended_bytes = appended_bytes_, all.failed_appends = failed_appends_;
  return all;
}

}  // namespace troupe::journal
