#include <algorithm>

#include "protocol/journal/journal.hpp"

namespace troupe::journal {

namespace {

constexpr std::size_t read_at_once = std::size_t{256} << 10;

}  // namespace

/// Goes to the segment that holds the wanted record, or the first one after it.
bool reader::open_next() {
  const auto* current = of_.segment_of(wanted_);
  if (!current || current->first == segment_) {
    const auto next = std::find_if(of_.segments_.begin(), of_.segments_.end(),
                                   [&](const auto& s) { return s.first > std::max(segment_, wanted_); });
    if (next == of_.segments_.end()) return false;
    current = &*next;
  }
  segment_ = current->first;
  path_ = current->path;
  wanted_ = std::max(wanted_, current->first);
  offset_ = 0;
  at_ = 0;
  buffer_.clear();
  definitions_.clear();
  return true;
}

/// Sees to it that `bytes` more are in the buffer; false: the segment has no more.
result<bool> reader::fill(std::size_t bytes) {
  if (buffer_.size() - at_ >= bytes) return true;
  const auto* current = of_.segment_of(segment_);
  if (!current || current->first != segment_) return false;  // reclaimed under us
  buffer_.erase(0, at_);
  offset_ += at_;
  at_ = 0;
  const std::uint64_t from = offset_ + buffer_.size();
  if (from >= current->bytes) return false;
  const auto length = std::min<std::uint64_t>(std::max(read_at_once, bytes), current->bytes - from);
  auto more = of_.disk_.read(path_, from, static_cast<std::size_t>(length));
  if (!more) return tl::unexpected(more.error());
  buffer_ += *more;
  return buffer_.size() >= bytes;
}

result<std::optional<reader::entry>> reader::next() {
  if (wanted_ >= of_.next_) return std::nullopt;
  for (;;) {
    const auto* current = segment_ == 0 ? nullptr : of_.segment_of(segment_);
    const bool gone = segment_ != 0 && (!current || current->first != segment_);
    if (segment_ == 0 || gone) {
      if (gone) segment_ = 0;
      if (!open_next()) return std::nullopt;
    }
    if (offset_ == 0 && at_ == 0) {
      auto some = fill(24 + 16 * max_origins);
      if (!some) return tl::unexpected(some.error());
      const auto header = read_header(buffer_);
      if (header) at_ = header->second;
    }
    auto some = fill(record_header_bytes);
    if (!some) return tl::unexpected(some.error());
    if (!*some) {
      if (!open_next()) return std::nullopt;
      continue;
    }
    const auto size = claimed_size(std::string_view(buffer_).substr(at_));
    if (size) {
      some = fill(*size);
      if (!some) return tl::unexpected(some.error());
    }
    const auto found = read_record(std::string_view(buffer_).substr(at_));
    if (!found) {
      // Damage: on to the next record that is whole, as opening did it.
      some = fill(max_record_bytes);
      if (!some) return tl::unexpected(some.error());
      const auto whole = find_record(buffer_, at_ + 1);
      const auto to = whole == std::string::npos ? buffer_.size() : whole;
      damaged_bytes_ += to - at_;
      at_ = to;
      continue;
    }
    at_ += record_header_bytes + found->payload.size();
    if (found->kind == record_kind::definition) {
      definitions_[found->id] = std::string(found->payload);
    } else if (found->id >= wanted_) {
      wanted_ = found->id + 1;
      return entry{found->id, found->time_ms, found->items, found->payload};
    }
  }
}

std::string_view reader::definition(definition_id id) const {
  const auto at = definitions_.find(id);
  return at == definitions_.end() ? std::string_view() : std::string_view(at->second);
}

}  // namespace troupe::journal
