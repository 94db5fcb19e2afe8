#include "protocol/telemetry/label.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "protocol/telemetry/series_text.hpp"

namespace troupe::telemetry {
namespace {

/// Hashes names and values, each closed by a byte that UTF-8 does not have.
template <class Labels>
std::uint64_t hash_labels(const Labels& labels) {
  std::size_t size = 0;
  for (const auto& [name, value] : labels)
    size += name.size() + value.size() + 2;
  std::array<char, 512> local{};
  std::unique_ptr<char[]> large;
  char* const begin = size <= local.size() ? local.data() : (large = std::make_unique<char[]>(size)).get();
  char* p = begin;
  const auto put = [&p](std::string_view text) {
    p = std::copy(text.begin(), text.end(), p);
    *p++ = '\xff';
  };
  for (const auto& [name, value] : labels) {
    put(name);
    put(value);
  }
  return XXH3_64bits(begin, size);
}

constexpr std::size_t first_page = 4096;
constexpr std::size_t pages_kept = 8;

}  // namespace

label_set::label_set(std::initializer_list<std::pair<std::string, std::string>> labels)
    : label_set(container(labels)) {}

label_set::label_set(container labels) : labels_(std::move(labels)) {
  std::stable_sort(labels_.begin(), labels_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    const bool last_of_its_name = i + 1 == labels_.size() || labels_[i + 1].first != labels_[i].first;
    if (!last_of_its_name || labels_[i].second.empty()) continue;
    if (kept != i) labels_[kept] = std::move(labels_[i]);
    ++kept;
  }
  labels_.resize(kept);
}

std::string_view label_set::get(std::string_view name) const {
  const auto at = std::lower_bound(labels_.begin(), labels_.end(), name,
                                   [](const auto& label, std::string_view key) { return label.first < key; });
  return at != labels_.end() && at->first == name ? std::string_view(at->second) : std::string_view();
}

void label_set::set(std::string_view name, std::string_view value) {
  const auto at = std::lower_bound(labels_.begin(), labels_.end(), name,
                                   [](const auto& label, std::string_view key) { return label.first < key; });
  const bool found = at != labels_.end() && at->first == name;
  if (value.empty()) {
    if (found) labels_.erase(at);
  } else if (found) {
    at->second = value;
  } else {
    labels_.emplace(at, name, value);
  }
}

std::uint64_t label_set::hash() const {
  return hash_labels(labels_);
}

std::string label_set::to_text() const {
  std::string text = "{";
  for (const auto& [name, value] : labels_) {
    if (text.size() > 1) text += ", ";
    text += name;
    text += "=\"";
    append_escaped(value, text);
    text += '"';
  }
  text += '}';
  return text;
}

void label_buffer::clear() {
  labels_.clear();
  if (pages_.size() > pages_kept) pages_.resize(pages_kept);
  page_ = 0;
  used_ = 0;
  room_ = pages_.empty() || pages_[0] == nullptr ? 0 : first_page;
}

std::string_view label_buffer::keep(std::string_view text) {
  if (text.empty()) return {};
  char* const copy = allocate(text.size());
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

char* label_buffer::allocate(std::size_t bytes) {
  if (room_ - used_ < bytes || room_ == 0) {
    std::size_t next = room_ == 0 ? 0 : page_ + 1;
    while ((first_page << next) < bytes)
      ++next;
    if (pages_.size() <= next) pages_.resize(next + 1);
    if (pages_[next] == nullptr) pages_[next].reset(new char[first_page << next]);
    page_ = next;
    used_ = 0;
    room_ = first_page << next;
  }
  char* const begin = pages_[page_].get() + used_;
  used_ += bytes;
  return begin;
}

void label_buffer::sort() {
  constexpr std::size_t few = 32;
  const auto before = [](const label_view& a, const label_view& b) { return a.name < b.name; };
  if (labels_.size() > few) {
    std::stable_sort(labels_.begin(), labels_.end(), before);
    return;
  }
  for (std::size_t i = 1; i < labels_.size(); ++i) {
    const label_view moving = labels_[i];
    std::size_t at = i;
    for (; at > 0 && moving.name < labels_[at - 1].name; --at)
      labels_[at] = labels_[at - 1];
    labels_[at] = moving;
  }
}

std::string_view label_buffer::get(std::string_view name) const {
  for (const auto& label : labels_) {
    if (label.name == name) return label.value;
  }
  return {};
}

std::uint64_t label_buffer::hash() const {
  return hash_labels(labels_);
}

label_set label_buffer::to_set() const {
  label_set::container labels;
  labels.reserve(labels_.size());
  for (const auto& [name, value] : labels_)
    labels.emplace_back(name, value);
  return label_set(std::move(labels));
}

}  // namespace troupe::telemetry
