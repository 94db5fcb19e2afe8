#include "protocol/relabel/rewrite.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "protocol/telemetry/series_text.hpp"

namespace troupe::relabel {

namespace {

using telemetry::chunk_ref;
using telemetry::label_buffer;
using telemetry::label_conflict;
using telemetry::label_set;
using telemetry::label_view;
using telemetry::series_block;

constexpr std::string_view metric_name = "__name__";

std::string_view value_of(std::span<const label_view> sorted, std::string_view name) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), name,
                                   [](const label_view& l, std::string_view key) { return l.name < key; });
  return at != sorted.end() && at->name == name ? at->value : std::string_view();
}

/// The labels that series end up with, all in one place.
class outcome {
 public:
  outcome(const series_block& block, const change& to_change) {
    const label_set& common = block.common();
    std::vector<label_view> before;
    block.for_each([&](std::size_t i, label_buffer& labels, const telemetry::metric_family&) {
      before = labels.labels();
      if (!to_change(labels)) return;
      const auto& after = labels.labels();
      if (value_of(after, metric_name).empty() && !(before.empty() && after.empty())) {
        ++nameless_;
        return;
      }
      kept_.push_back(static_cast<std::uint32_t>(i));
      same_ = same_ && before == after;
      keep(after);
      for (const auto& l : of(kept_.size() - 1)) {
        if (l.name == metric_name) continue;
        // Neither from the series' own line, as far as can be told from its name.
        if (!common.get(l.name).empty() || value_of(before, l.name).empty()) vote(l);
      }
    });
  }

  [[nodiscard]] std::vector<std::uint32_t>& kept() { return kept_; }
  [[nodiscard]] std::uint32_t nameless() const { return nameless_; }
  /// No series that is kept has changed.
  [[nodiscard]] bool same() const { return same_; }
  /// Of the kept series number `n`, sorted.
  [[nodiscard]] std::span<const label_view> of(std::size_t n) const {
    const std::size_t begin = n == 0 ? 0 : ends_[n - 1];
    return std::span(all_.labels()).subspan(begin, ends_[n] - begin);
  }

  /// What more than half of the series have and did not have from their own lines. `exceptions`: some have it
  /// otherwise.
  [[nodiscard]] label_set common(bool& exceptions) {
    for (std::size_t n = 0; n < kept_.size(); ++n) {
      for (const auto& l : of(n)) {
        const auto at = votes_.find(l.name);
        if (at != votes_.end() && at->second.value == l.value) ++at->second.count;
      }
    }
    label_set::container labels;
    exceptions = false;
    for (const auto& [name, one] : votes_) {
      if (2 * one.count <= kept_.size()) continue;
      labels.emplace_back(name, one.value);
      exceptions = exceptions || one.count < kept_.size();
    }
    return label_set(std::move(labels));
  }

 private:
  struct candidate {
    std::string_view value;
    std::size_t lead = 0;   ///< Boyer's and Moore's: of the value that may have the majority
    std::size_t count = 0;  ///< how many series have it
  };

  void keep(const std::vector<label_view>& labels) {
    for (const auto& l : labels) {
      const auto name = all_.keep(l.name);
      all_.add(name, all_.keep(l.value));
    }
    ends_.push_back(all_.labels().size());
  }

  void vote(const label_view& l) {
    auto& one = votes_[l.name];
    if (one.lead == 0) one.value = l.value;
    one.value == l.value ? ++one.lead : --one.lead;
  }

  std::vector<std::uint32_t> kept_;
  std::uint32_t nameless_ = 0;
  bool same_ = true;
  label_buffer all_;
  std::vector<std::size_t> ends_;
  std::unordered_map<std::string_view, candidate> votes_;
};

/// Writes the chunks of the new block: what reads right as it stands stays as it stands.
class chunk_writer {
 public:
  /// `aim` has the old block's chunks and the new block's common labels.
  chunk_writer(outcome& what, const series_block& aim) : what_(what), aim_(aim) {}

  std::vector<chunk_ref> write() {
    std::uint32_t first = 0;
    for (const auto& chunk : aim_.chunks()) {
      add(*chunk, chunk, first);
      first += static_cast<std::uint32_t>(chunk->size());
    }
    flush();
    return std::move(written_);
  }

 private:
  void add(const telemetry::series_chunk& chunk, const chunk_ref& whole, std::uint32_t first) {
    const auto& kept = what_.kept();
    const std::size_t begin = next_;
    while (next_ < kept.size() && kept[next_] < first + chunk.size())
      ++next_;
    stays_.clear();
    for (std::size_t n = begin; n < next_; ++n)
      stays_.push_back(reads_right(chunk, kept[n] - first, n));
    const bool all_stay = std::find(stays_.begin(), stays_.end(), false) == stays_.end();
    if (all_stay && next_ - begin == chunk.size()) {
      flush();
      written_.push_back(whole);
      return;
    }
    for (std::size_t n = begin; n < next_; ++n) {
      const std::size_t i = kept[n] - first;
      const auto starts = chunk.families();
      const auto after = std::upper_bound(starts.begin(), starts.end(), i,
                                          [](std::size_t at, const auto& start) { return at < start.first; });
      if (const auto& family = (after - 1)->family; family.get() != family_) {
        builder_.family(family);
        family_ = family.get();
      }
      builder_.series(stays_[n - begin] ? chunk.text(i) : text_of(n));
    }
  }

  bool reads_right(const telemetry::series_chunk& chunk, std::size_t i, std::size_t n) {
    aim_.labels(chunk, i, read_);
    const auto wanted = what_.of(n);
    return std::equal(read_.labels().begin(), read_.labels().end(), wanted.begin(), wanted.end());
  }

  /// A line with all labels that are not common.
  std::string_view text_of(std::size_t n) {
    const auto wanted = what_.of(n);
    own_.clear();
    for (const auto& l : wanted) {
      if (aim_.common().get(l.name) != l.value) own_.push_back(l);
    }
    for (const auto& [name, value] : aim_.common()) {
      if (value_of(wanted, name).empty()) own_.push_back({name, {}});  // keeps the common one away
    }
    text_.clear();
    telemetry::append_series_text(own_, text_);
    text_ += ' ';
    return text_;
  }

  void flush() {
    for (auto& chunk : builder_.finish())
      written_.push_back(std::move(chunk));
    family_ = nullptr;
  }

  outcome& what_;
  const series_block& aim_;
  std::size_t next_ = 0;
  telemetry::chunk_builder builder_;
  const telemetry::metric_family* family_ = nullptr;
  std::vector<chunk_ref> written_;
  std::vector<bool> stays_;
  label_buffer read_;
  std::vector<label_view> own_;
  std::string text_;
};

}  // namespace

mapped rewrite(const series_block& block, const change& to_change) {
  outcome what(block, to_change);
  mapped made;
  made.nameless = what.nameless();
  if (what.kept().empty()) {
    made.unchanged = block.size() == 0;
    return made;
  }
  const bool all_kept = what.kept().size() == block.size();
  if (all_kept && what.same()) {
    made.unchanged = true;
    return made;
  }
  std::shared_ptr<series_block> to;
  if (what.same()) {
    to = std::make_shared<series_block>(telemetry::select(block.chunks(), what.kept()), block.common(),
                                        block.conflict());
  } else {
    bool exceptions = false;
    label_set common = what.common(exceptions);
    // Where a common label is not everybody's, series must be able to say otherwise.
    const auto conflict = exceptions ? label_conflict::keep_exposed : block.conflict();
    const series_block aim(block.chunks(), std::move(common), conflict);
    to = std::make_shared<series_block>(chunk_writer(what, aim).write(), aim.common(), conflict);
  }
  to->set_lane(block.lane());
  made.block = std::move(to);
  if (!all_kept) made.kept = std::move(what.kept());
  return made;
}

}  // namespace troupe::relabel
