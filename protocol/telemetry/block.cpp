#include "protocol/telemetry/block.hpp"

#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "protocol/telemetry/series_text.hpp"

namespace troupe::telemetry {
namespace {

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

bool has(const std::vector<label_view>& labels, std::string_view name) {
  return std::any_of(labels.begin(), labels.end(), [name](const label_view& l) { return l.name == name; });
}

void drop_empty(std::vector<label_view>& labels) {
  std::erase_if(labels, [](const label_view& l) { return l.value.empty(); });
}

void keep_exposed(const label_set& common, label_buffer& out) {
  auto& labels = out.labels();
  const std::size_t exposed = labels.size();
  for (const auto& [name, value] : common) {
    const auto end = labels.begin() + static_cast<std::ptrdiff_t>(exposed);
    if (std::none_of(labels.begin(), end, [&name = name](const label_view& l) { return l.name == name; })) {
      out.add(name, value);
    }
  }
  drop_empty(labels);
}

std::string_view exported_name(std::string_view name, label_buffer& out) {
  constexpr std::string_view prefix = "exported_";
  std::string_view longer = name;
  do {
    char* const text = out.allocate(prefix.size() + longer.size());
    std::copy(longer.begin(), longer.end(), std::copy(prefix.begin(), prefix.end(), text));
    longer = {text, prefix.size() + longer.size()};
  } while (has(out.labels(), longer));
  return longer;
}

void export_exposed(const label_set& common, label_buffer& out) {
  auto& labels = out.labels();
  drop_empty(labels);
  // Conflicting labels go to the end. Of labels that are doubled on the page only the first is renamed: the other one
  // still collides, so that the scrape can refuse the series.
  std::size_t kept = labels.size();
  for (const auto& [name, value] : common) {
    const auto end = labels.begin() + static_cast<std::ptrdiff_t>(kept);
    const auto same = std::find_if(labels.begin(), end, [&name = name](const label_view& l) { return l.name == name; });
    if (same == end) continue;
    std::rotate(same, same + 1, labels.end());
    --kept;
  }
  const std::size_t exposed = labels.size();
  std::stable_sort(labels.begin() + static_cast<std::ptrdiff_t>(kept), labels.end(),
                   [](const label_view& a, const label_view& b) { return a.name.size() < b.name.size(); });
  for (const auto& [name, value] : common)
    out.add(name, value);
  for (std::size_t i = kept; i < exposed; ++i)
    labels[i].name = exported_name(labels[i].name, out);
}

}  // namespace

series_block::series_block(std::vector<chunk_ref> chunks, label_set common, label_conflict conflict)
    : chunks_(std::move(chunks)), common_(std::move(common)), conflict_(conflict), id_(next_id()) {
  for (const auto& chunk : chunks_)
    size_ += chunk->size();
  lane_ = common_.hash();
}

void series_block::labels(const series_chunk& chunk, std::size_t index_in_chunk, label_buffer& out) const {
  if (!parse_series_text(chunk.text(index_in_chunk), chunk.family(index_in_chunk).type, out)) {
    out.clear();
    return;
  }
  if (conflict_ == label_conflict::export_exposed) {
    export_exposed(common_, out);
  } else {
    keep_exposed(common_, out);
  }
  out.sort();
}

namespace {

// Boundaries are chosen by what stands at them, so that after an insertion the next ones are found where they were.
constexpr std::size_t least_before_family = 16;
constexpr std::size_t least_inside_family = 32;
constexpr std::size_t most_series = 128;
constexpr std::size_t most_text = 32 * 1024;
constexpr std::uint64_t one_family_in = 8;
constexpr std::uint64_t one_series_in = 64;

std::uint64_t hash_of(std::string_view text) {
  return XXH3_64bits(text.data(), text.size());
}

}  // namespace

void chunk_builder::family(family_ref family) {
  const bool full = ends_.size() >= most_series || text_.size() >= most_text;
  const bool boundary = ends_.size() >= least_before_family && hash_of(family->name) % one_family_in == 0;
  if (full || boundary) cut();
  current_ = std::move(family);
  if (!families_.empty() && families_.back().first == ends_.size()) families_.pop_back();
  families_.push_back({static_cast<std::uint32_t>(ends_.size()), current_});
}

void chunk_builder::series(std::string_view text) {
  if (families_.empty() || families_.back().first != ends_.size()) {
    const bool full = ends_.size() >= most_series || text_.size() >= most_text;
    const bool boundary = ends_.size() >= least_inside_family && hash_of(text) % one_series_in == 0;
    if (full || boundary) cut();
  }
  if (families_.empty()) {
    // The family goes on from the chunk before; its lines on the page stood there.
    if (current_ == nullptr) {
      current_ = intern(metric_family{});
    } else if (!current_->page_text.empty()) {
      metric_family rest = *current_;
      rest.page_text.clear();
      current_ = intern(std::move(rest));
    }
    families_.push_back({0, current_});
  }
  text_ += text;
  ends_.push_back(static_cast<std::uint32_t>(text_.size()));
}

void chunk_builder::cut() {
  if (ends_.empty()) return;
  // Copies, so that the chunk holds not a byte more than it needs.
  chunks_.push_back(intern(series_chunk(std::string(text_), std::vector<std::uint32_t>(ends_),
                                        std::vector<family_start>(families_.begin(), families_.end()))));
  text_.clear();
  ends_.clear();
  families_.clear();
}

std::vector<chunk_ref> chunk_builder::finish() {
  if (!families_.empty() && families_.back().first == ends_.size()) families_.pop_back();
  cut();
  current_ = nullptr;
  text_.clear();
  families_.clear();
  return std::exchange(chunks_, {});
}

std::vector<chunk_ref> select(const std::vector<chunk_ref>& chunks, std::span<const std::uint32_t> series) {
  std::vector<chunk_ref> selected;
  chunk_builder builder;
  const auto flush = [&] {
    for (auto& chunk : builder.finish())
      selected.push_back(std::move(chunk));
  };
  std::uint32_t first = 0;
  for (const auto& chunk : chunks) {
    const auto last = first + static_cast<std::uint32_t>(chunk->size());
    std::size_t here = 0;
    while (here < series.size() && series[here] < last)
      ++here;
    if (here == chunk->size()) {
      flush();
      selected.push_back(chunk);
    } else {
      const metric_family* family = nullptr;
      for (const std::uint32_t index : series.first(here)) {
        const auto starts = chunk->families();
        const auto next = std::upper_bound(starts.begin(), starts.end(), index - first,
                                           [](std::uint32_t i, const family_start& f) { return i < f.first; });
        const auto& of = (next - 1)->family;
        if (of.get() != family) builder.family(of), family = of.get();
        builder.series(chunk->text(index - first));
      }
    }
    series = series.subspan(here);
    first = last;
  }
  flush();
  return selected;
}

}  // namespace troupe::telemetry
