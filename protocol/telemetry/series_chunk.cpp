#include "protocol/telemetry/series_chunk.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <unordered_map>

namespace troupe::telemetry {
namespace {

std::uint64_t hash_text(std::string_view text, std::uint64_t seed) {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

std::uint64_t hash_of(const metric_family& family) {
  std::uint64_t hash = hash_text(family.page_text, static_cast<std::uint64_t>(family.type));
  hash = hash_text(family.name, hash);
  hash = hash_text(family.help, hash);
  return hash_text(family.unit, hash);
}

std::uint64_t hash_of(const series_chunk& chunk) {
  return chunk.hash();
}

bool equal_families(const family_start& a, const family_start& b) {
  return a.first == b.first && (a.family == b.family || *a.family == *b.family);
}

/// Live objects by hash. An entry outlives the last reference by the moment that the object's destructor needs to take
/// it out; until then the object may be compared, and a reference to it can no longer be made.
template <class T>
class interning_table {
 public:
  std::shared_ptr<const T> find_or_add(T value) {
    const std::uint64_t hash = hash_of(value);
    shard& home = shard_of(hash);
    const std::lock_guard lock(home.mutex);
    const auto [first, last] = home.entries.equal_range(hash);
    for (auto entry = first; entry != last; ++entry) {
      if (!(*entry->second.object == value)) continue;
      if (auto live = entry->second.reference.lock()) return live;
    }
    auto added = std::make_shared<const member>(*this, hash, std::move(value));
    home.entries.emplace(hash, slot{added.get(), added});
    return added;
  }

  template <class F>
  void for_each(F&& f) {
    for (shard& each : shards_) {
      const std::lock_guard lock(each.mutex);
      for (const auto& [hash, slot] : each.entries)
        f(*slot.object);
    }
  }

 private:
  struct member : T {
    member(interning_table& table, std::uint64_t hash, T value)
        : T(std::move(value)), table_(table), hash_in_table_(hash) {}
    ~member() { table_.forget(hash_in_table_, this); }
    member(const member&) = delete;
    member& operator=(const member&) = delete;

   private:
    interning_table& table_;
    std::uint64_t hash_in_table_;
  };
  struct slot {
    const T* object;
    std::weak_ptr<const T> reference;
  };
  struct shard {
    std::mutex mutex;
    std::unordered_multimap<std::uint64_t, slot> entries;
  };

  shard& shard_of(std::uint64_t hash) { return shards_[hash >> 60]; }

  void forget(std::uint64_t hash, const T* object) {
    shard& home = shard_of(hash);
    const std::lock_guard lock(home.mutex);
    const auto [first, last] = home.entries.equal_range(hash);
    const auto entry = std::find_if(first, last, [object](const auto& e) { return e.second.object == object; });
    if (entry != last) home.entries.erase(entry);
  }

  std::array<shard, 16> shards_;
};

// Never destroyed: objects may be released by whatever is destroyed last in the process.
interning_table<metric_family>& families() {
  static auto& table = *new interning_table<metric_family>;
  return table;
}

interning_table<series_chunk>& chunks() {
  static auto& table = *new interning_table<series_chunk>;
  return table;
}

}  // namespace

series_chunk::series_chunk(std::string text, std::vector<std::uint32_t> ends, std::vector<family_start> families)
    : text_(std::move(text)), ends_(std::move(ends)), families_(std::move(families)) {
  hash_ = hash_text(text_, ends_.size());
  hash_ = XXH3_64bits_withSeed(ends_.data(), ends_.size() * sizeof(std::uint32_t), hash_);
  for (const auto& start : families_)
    hash_ = hash_ * 0x9e3779b97f4a7c15 + (hash_of(*start.family) ^ start.first);
}

const metric_family& series_chunk::family(std::size_t i) const {
  const auto after = std::upper_bound(families_.begin(), families_.end(), i,
                                      [](std::size_t index, const family_start& start) { return index < start.first; });
  return *std::prev(after)->family;
}

std::size_t series_chunk::bytes() const {
  constexpr std::size_t inside_the_string = 15;
  return (text_.capacity() > inside_the_string ? text_.capacity() + 1 : 0) + ends_.capacity() * sizeof(std::uint32_t) +
         families_.capacity() * sizeof(family_start);
}

bool operator==(const series_chunk& a, const series_chunk& b) {
  return a.hash_ == b.hash_ && a.text_ == b.text_ && a.ends_ == b.ends_ &&
         std::equal(a.families_.begin(), a.families_.end(), b.families_.begin(), b.families_.end(), equal_families);
}

family_ref intern(metric_family family) {
  return families().find_or_add(std::move(family));
}

chunk_ref intern(series_chunk chunk) {
  return chunks().find_or_add(std::move(chunk));
}

interned_counts interned() {
  interned_counts counts;
  families().for_each([&counts](const metric_family&) { ++counts.families; });
  chunks().for_each([&counts](const series_chunk& chunk) {
    ++counts.chunks;
    counts.chunk_bytes += chunk.bytes() + sizeof(series_chunk);
  });
  return counts;
}

}  // namespace troupe::telemetry
