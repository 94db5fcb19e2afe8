#include <algorithm>

#include "protocol/journal/journal.hpp"

namespace troupe::journal {

/// What comes next has this number.
void reader::go_on_at(sequence number) {
  if (number <= wanted_) return;
  missing_ += number - wanted_ - of_.absent_in(wanted_, number);
  wanted_ = number;
}

/// Goes to the segment that holds the wanted record, or the first one after it.
result<bool> reader::open_next() {
  const auto* to = of_.segment_of(wanted_);
  if (!to || to->first == segment_) {
    const auto next = std::find_if(of_.segments_.begin(), of_.segments_.end(),
                                   [&](const auto& s) { return s.first > std::max(segment_, wanted_); });
    if (next == of_.segments_.end()) return false;
    to = &*next;
  }
  scanner scan(of_.disk_, to->path);
  if (const auto header = scan.header(to->bytes); !header) {
    // One that cannot be read now may be read later; a damaged one is as good as any: its records speak for themselves.
    if (const auto again = of_.disk_.read(to->path, 0, 1); !again) return tl::unexpected(again.error());
  }
  scan_ = std::move(scan);
  segment_ = to->first;
  go_on_at(to->first);
  definitions_.clear();
  return true;
}

result<std::optional<reader::entry>> reader::next() {
  if (wanted_ >= of_.next_) return std::nullopt;
  wanted_ = std::max(wanted_, of_.first());  // what was reclaimed is counted there
  for (;;) {
    const auto* current = segment_ == 0 ? nullptr : of_.segment_of(segment_);
    if (!current || current->first != segment_) {
      segment_ = 0;
      const auto opened = open_next();
      if (!opened) return tl::unexpected(opened.error());
      if (!*opened) return std::nullopt;
      continue;
    }
    const auto more = scan_->next(current->bytes);
    if (!more) return tl::unexpected(more.error());
    if (!*more) {
      const auto opened = open_next();
      if (!opened) return tl::unexpected(opened.error());
      if (!*opened) return std::nullopt;
      continue;
    }
    const auto& found = scan_->found();
    if (found.kind == record_kind::definition) {
      definitions_[found.id] = std::string(found.payload);
    } else if (found.id >= wanted_) {
      go_on_at(found.id);
      wanted_ = found.id + 1;
      return entry{found.id, found.time_ms, found.items, found.payload};
    }
  }
}

std::string_view reader::definition(definition_id id) const {
  const auto at = definitions_.find(id);
  return at == definitions_.end() ? std::string_view() : std::string_view(at->second);
}

}  // namespace troupe::journal
