#include "protocol/journal/journal.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "protocol/journal/crc32c.hpp"

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
                                 const std::function<std::string(definition_id)>& define, std::int64_t now_ms) {
  if (payload.size() > max_record_bytes)
    return failure("a record of " + std::to_string(payload.size()) + " bytes is too large for the journal");
  if (!current_ || segments_.back().data_bytes >= options_.segment_bytes) {
    if (auto ok = begin_segment(); !ok) {
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
    append_record({record_kind::definition, 0, now_ms, id, 0, 0, text}, buffer_);
    fresh.push_back(id);
  }
  append_record({record_kind::data, items, now_ms, next_, from.source, from.number, payload}, buffer_);
  if (auto ok = current_->append(buffer_); !ok) {
    ++failed_appends_;
    // A part of it may be there: it goes, or nothing more is written behind it.
    if (!current_->truncate(segment.bytes)) current_ = nullptr;
    return tl::unexpected(ok.error());
  }
  if (unsynced_.empty() || unsynced_.back() != current_) unsynced_.push_back(current_);
  defined_.insert(fresh.begin(), fresh.end());
  segment.bytes += buffer_.size();
  segment.data_bytes += record_header_bytes + payload.size();
  ++segment.records;
  segment.newest_ms = std::max(segment.newest_ms, now_ms);
  ++appended_records_;
  appended_bytes_ += buffer_.size();
  remember(from);
  return next_++;
}

result<void> journal::begin_segment() {
  segment made;
  made.first = next_;
  made.path = joined(directory_, segment_name(next_));
  if (auto ok = disk_.remove(made.path); !ok) return ok;  // of an attempt that failed
  auto opened = disk_.open(made.path);
  if (!opened) return tl::unexpected(opened.error());
  std::string header;
  append_header({next_, origins_, durable_ == next_}, header);
  if (auto ok = (*opened)->append(header); !ok) {
    (void)disk_.remove(made.path);
    return ok;
  }
  made.bytes = header.size();
  if (!segments_.empty() && segments_.back().first == next_) segments_.pop_back();  // held no record
  segments_.push_back(std::move(made));
  current_ = std::move(*opened);
  defined_.clear();
  directory_changed_ = true;
  gap_ = false;
  return {};
}

void journal::remember(origin from) {
  if (from.source == 0) return;
  auto [at, fresh] = origins_.try_emplace(from.source, from.number);
  at->second = std::max(at->second, from.number);
  if (!fresh) return;
  origin_order_.push_back(from.source);
  if (origins_.size() > max_origins) {
    origins_.erase(origin_order_.front());
    origin_order_.pop_front();
  }
}

std::uint64_t journal::last_number(std::uint64_t source) const {
  const auto at = origins_.find(source);
  return at == origins_.end() ? 0 : at->second;
}

std::shared_ptr<journal::sync_ticket> journal::begin_sync() {
  auto ticket = std::make_shared<sync_ticket>();
  ticket->on_ = &disk_;
  ticket->lock_ = lock_;
  ticket->directory_ = directory_;
  ticket->up_to_ = next_;
  ticket->found_ = std::exchange(found_, {});
  ticket->files_ = std::exchange(unsynced_, {});
  if (std::exchange(cursors_changed_, false)) ticket->cursors_ = cursors_text();
  if (std::exchange(directory_changed_, false) && ticket->cursors_.empty()) ticket->cursors_ = cursors_text();
  return ticket;
}

void journal::sync_ticket::run() {
  outcome_ = write();
  lock_ = nullptr;
}

result<void> journal::sync_ticket::write() {
#ifndef TROUPE_BUG_SKIP_FSYNC
  for (const auto& one : found_) {
    if (auto ok = on_->sync_file(one); !ok) return ok;
  }
  for (const auto& one : files_) {
    if (auto ok = one->sync(); !ok) return ok;
  }
#endif
  return cursors_.empty() ? result<void>() : save_cursors(*on_, directory_, cursors_);
}

result<void> journal::finish_sync(const sync_ticket& done) {
  if (done.outcome_) {
    durable_ = std::max(durable_, done.up_to_);
    return {};
  }
  found_.insert(found_.end(), done.found_.begin(), done.found_.end());
  for (const auto& one : done.files_) {
    if (std::find(unsynced_.begin(), unsynced_.end(), one) == unsynced_.end()) unsynced_.insert(unsynced_.begin(), one);
  }
  cursors_changed_ = cursors_changed_ || !done.cursors_.empty();
  return done.outcome_;
}

result<void> journal::sync() {
  const auto ticket = begin_sync();
  ticket->run();
  return finish_sync(*ticket);
}

sequence journal::add_cursor(const std::string& name) {
  const auto [at, fresh] = cursors_.try_emplace(name, first());
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

std::string journal::cursors_text() const {
  std::string text;
  for (const auto& [name, at] : cursors_)
    text += name + '\t' + std::to_string(at) + '\n';
  char crc[12];
  std::snprintf(crc, sizeof crc, "%08x\n", crc32c(text));
  return text + crc;
}

std::vector<loss> journal::reclaim(std::int64_t now_ms) {
  std::vector<loss> lost;
  sequence slowest = next_;
  for (const auto& [name, at] : cursors_)
    slowest = std::min(slowest, at);
  std::uint64_t bytes = 0;
  for (const auto& one : segments_)
    bytes += one.bytes;
  while (segments_.size() > 1) {
    const auto oldest = segments_.front();
    const sequence end = segments_[1].first;
    const bool passed = end <= slowest && now_ms - oldest.newest_ms >= options_.min_age_ms;
    const bool old = options_.max_age_ms > 0 && oldest.newest_ms < now_ms - options_.max_age_ms;
    const bool large = bytes > options_.max_bytes;
    if (!passed && !old && !large) break;
    // What goes may be all that shows a gap: first a segment must say what is known. On a full disk it can't, and room
    // comes first.
    if (gap_) (void)begin_segment();
    for (auto& [name, at] : cursors_) {
      if (at >= end) continue;
      auto one = measure(oldest, at, name, old ? "age" : "size");
      if (one.records > 0) lost.push_back(std::move(one));
      at = end;
      cursors_changed_ = true;
    }
    if (!disk_.remove(oldest.path)) break;  // tried again the next time
    bytes -= oldest.bytes;
    segments_.pop_front();
  }
  return lost;
}

/// What stands in a segment at or after `from`.
loss journal::measure(const segment& of, sequence from, std::string cursor, std::string reason) const {
  loss lost{std::move(cursor), std::move(reason), 0, 0};
  reader all(*this, std::max(from, of.first));
  for (;;) {
    const auto next = all.next();
    if (!next || !*next || segment_of((*next)->number) != &segments_.front()) return lost;
    ++lost.records;
    lost.items += (*next)->items;
  }
}

const journal::segment* journal::segment_of(sequence number) const {
  const auto after = std::upper_bound(segments_.begin(), segments_.end(), number,
                                      [](sequence n, const segment& s) { return n < s.first; });
  return after == segments_.begin() ? nullptr : &*(after - 1);
}

journal_counts journal::count() const {
  journal_counts all;
  all.segments = segments_.size();
  for (const auto& one : segments_)
    all.bytes += one.bytes, all.records += one.records;
  all.first = first(), all.next = next_, all.durable = durable_;
  all.appended_records = appended_records_, all.appended_bytes = appended_bytes_, all.failed_appends = failed_appends_;
  return all;
}

}  // namespace troupe::journal
