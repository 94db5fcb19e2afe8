#include "protocol/journal/scanner.hpp"

#include <algorithm>

namespace troupe::journal {

namespace {

constexpr std::size_t read_at_once = std::size_t{256} << 10;
/// In one search: bytes that look like a large record in many places must not cost a checksum of it at each.
constexpr std::uint64_t most_to_check = std::uint64_t{1} << 30;

}  // namespace

std::size_t find_record(std::string_view bytes, std::size_t from) {
  for (; from + record_header_bytes <= bytes.size(); ++from) {
    if (read_record(bytes.substr(from))) return from;
  }
  return std::string_view::npos;
}

/// Sees to it that `bytes` more are in the window; false: there are not so many before `end`.
result<bool> scanner::fill(std::size_t bytes, std::uint64_t end) {
  if (window_.size() - at_ >= bytes) return offset() + bytes <= end;
  if (offset() + bytes > end) return false;
  window_.erase(0, at_);
  offset_ += at_;
  at_ = 0;
  const std::uint64_t from = offset_ + window_.size();
  const auto missing = std::max<std::uint64_t>(read_at_once, bytes - window_.size());
  auto more = on_->read(path_, from, static_cast<std::size_t>(std::min(missing, end - from)));
  if (!more) return tl::unexpected(more.error());
  window_ += *more;
  return window_.size() >= bytes;
}

result<segment_header> scanner::header(std::uint64_t end) {
  const auto filled = fill(static_cast<std::size_t>(std::min<std::uint64_t>(max_header_bytes, end)), end);
  if (!filled) return tl::unexpected(filled.error());
  auto read = read_header(rest());
  if (!read) return tl::unexpected(read.error());
  at_ += read->second;
  return std::move(read->first);
}

/// Whether a whole record stands here.
result<bool> scanner::whole(std::uint64_t end) {
  const auto size = claimed_size(rest());
  if (!size || checked_ + *size > most_to_check) return false;
  checked_ += *size;
  const auto filled = fill(*size, end);
  if (!filled || !*filled) return filled;
  const auto read = read_record(rest());
  if (!read) return false;
  found_ = *read;
  return true;
}

result<bool> scanner::next(std::uint64_t end) {
  skipped_ = checked_ = 0;
  const auto from = offset();
  for (;;) {
    const auto filled = fill(record_header_bytes, end);
    const auto here = filled && *filled ? whole(end) : filled;
    if (!here) {
      // Tried again from where this call began: what is skipped is counted when something whole is found behind it.
      window_.clear();
      at_ = 0;
      offset_ = from;
      return here;
    }
    if (*here) break;
    if (!*filled) {
      skipped_ = end > from ? end - from : 0;
      window_.clear();
      at_ = 0;
      offset_ = std::max(from, end);
      begin_ = from;
      return false;
    }
    ++at_;
  }
  begin_ = offset();
  skipped_ = begin_ - from;
  at_ += record_header_bytes + found_.payload.size();
  return true;
}

}  // namespace troupe::journal
