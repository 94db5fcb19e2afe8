#include "protocol/telemetry/logs.hpp"

#include <algorithm>
#include <utility>

namespace troupe::telemetry {

std::size_t logs_batch::bytes() const {
  return sizeof *this + text_.capacity() + entries_.capacity() * sizeof(entry) +
         metadata_.capacity() * sizeof(label_view) + streams_.capacity() * sizeof(stream);
}

std::uint32_t logs_builder::stream_of(const labels_ref& labels) {
  if (!entries_.empty() && streams_[entries_.back().stream] == labels) return entries_.back().stream;
  const auto hash = labels->hash();
  const auto [first, last] = by_hash_.equal_range(hash);
  for (auto at = first; at != last; ++at) {
    if (streams_[at->second] == labels || *streams_[at->second] == *labels) return at->second;
  }
  const auto made = static_cast<std::uint32_t>(streams_.size());
  streams_.push_back(labels);
  by_hash_.emplace(hash, made);
  return made;
}

std::size_t logs_builder::keep(std::string_view text) {
  const auto at = text_.size();
  text_ += text;
  return at;
}

void logs_builder::add(const labels_ref& labels, std::int64_t timestamp_ns, std::string_view line,
                       std::span<const label_view> metadata) {
  const auto stream = stream_of(labels);
  if (!entries_.empty() && stream < entries_.back().stream) sorted_ = false;
  const auto first = static_cast<std::uint32_t>(metadata_.size());
  const auto begin = keep(line);
  for (const auto& [name, value] : metadata) {
    const auto at = keep(name);
    metadata_.push_back({at, name.size(), keep(value), value.size()});
  }
  entries_.push_back({stream, timestamp_ns, begin, line.size(), first, static_cast<std::uint32_t>(metadata.size())});
}

std::shared_ptr<logs_batch> logs_builder::finish() {
  auto made = std::make_shared<logs_batch>();
  if (!sorted_) {
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const piece& a, const piece& b) { return a.stream < b.stream; });
  }
  made->text_ = std::exchange(text_, {});
  const std::string_view all(made->text_);
  made->metadata_.reserve(metadata_.size());
  for (const auto& one : metadata_)
    made->metadata_.push_back({all.substr(one.name, one.name_size), all.substr(one.value, one.value_size)});
  made->entries_.reserve(entries_.size());
  for (const auto& one : entries_) {
    const auto index = static_cast<std::uint32_t>(made->entries_.size());
    if (index == 0 || made->streams_.back().labels != streams_[one.stream])
      made->streams_.push_back({streams_[one.stream], index, index});
    made->entries_.push_back({one.timestamp_ns, all.substr(one.begin, one.size),
                              std::span<const label_view>(made->metadata_).subspan(one.metadata, one.metadata_count)});
    made->streams_.back().end = index + 1;
  }
  streams_.clear();
  by_hash_.clear();
  entries_.clear();
  metadata_.clear();
  sorted_ = true;
  return made;
}

}  // namespace troupe::telemetry
