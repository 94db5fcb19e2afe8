#include "protocol/relabel/block_map.hpp"

#include <algorithm>

#include "protocol/telemetry/series_text.hpp"

namespace troupe::relabel {

namespace {

using telemetry::label_buffer;
using telemetry::label_set;
using telemetry::label_view;

/// What became of all series of a block, looked at as a whole.
class rewriting {
 public:
  rewriting(const rules& by, const telemetry::series_block& block) : block_(block) {
    const label_set& common = block.common();
    after_common_ = {common.begin(), common.end()};
    block.for_each([&](std::size_t i, const label_buffer& labels, const telemetry::metric_family&) {
      label_buffer& scratch = const_cast<label_buffer&>(labels);  // it is this walk's own
      before_ = labels.labels();
      if (!by.apply(scratch)) return;
      kept_.push_back(static_cast<std::uint32_t>(i));
      own_labels_stay_ = own_labels_stay_ && same_own_labels(scratch);
      intersect(scratch);
    });
  }

  [[nodiscard]] const std::vector<std::uint32_t>& kept() const { return kept_; }
  [[nodiscard]] bool all_kept() const { return kept_.size() == block_.size(); }
  /// The series' own labels are as they were, and of the target's labels all series have the same ones now.
  [[nodiscard]] bool only_common_changed() const { return own_labels_stay_; }
  /// The target's labels that all series still have.
  [[nodiscard]] label_set common() const { return label_set(label_set::container(after_common_.begin(), after_common_.end())); }
  [[nodiscard]] const label_set& new_common() const { return new_common_; }

 private:
  /// Labels that the series had itself, not from its target.
  [[nodiscard]] bool is_own(const label_view& label) const { return block_.common().get(label.name) != label.value; }

  bool same_own_labels(const label_buffer& after) {
    label_set::container outside;
    std::size_t own_before = 0, own_after = 0;
    for (const auto& l : before_) own_before += is_own(l) ? 1 : 0;
    for (const auto& l : after.labels()) {
      const auto was = std::find_if(before_.begin(), before_.end(), [&](const label_view& b) { return b.name == l.name; });
      const bool own = was != before_.end() && is_own(*was);
      if (own && was->value != l.value) return false;
      if (own) {
        // It gave way to a target's label, and would get its name back if that went.
        if (l.name.substr(0, 9) == "exported_") return false;
        ++own_after;
      } else {
        outside.emplace_back(l.name, l.value);
      }
    }
    if (own_before != own_after) return false;
    label_set now(std::move(outside));
    if (!first_) return now == new_common_;
    first_ = false;
    new_common_ = std::move(now);
    return true;
  }

  void intersect(const label_buffer& after) {
    std::erase_if(after_common_, [&](const auto& l) { return after.get(l.first) != l.second; });
  }

  const telemetry::series_block& block_;
  std::vector<label_view> before_;
  std::vector<std::uint32_t> kept_;
  std::vector<std::pair<std::string, std::string>> after_common_;
  label_set new_common_;
  bool own_labels_stay_ = true, first_ = true;
};

/// New texts: each series with all its labels but the common ones.
std::vector<telemetry::chunk_ref> write_chunks(const rules& by, const telemetry::series_block& block, const label_set& common) {
  telemetry::chunk_builder builder;
  const telemetry::metric_family* last = nullptr;
  std::string text;
  std::vector<label_view> own;
  for (const auto& chunk : block.chunks()) {
    label_buffer labels;
    for (std::size_t i = 0; i < chunk->size(); ++i) {
      block.labels(*chunk, i, labels);
      if (!by.apply(labels)) continue;
      own.clear();
      for (const auto& l : labels.labels()) {
        if (common.get(l.name) != l.value) own.push_back(l);
      }
      if (const auto* family = &chunk->family(i); family != last) {
        // The lines of the page go: this is no page any more.
        auto copy = *family;
        copy.page_text.clear();
        builder.family(telemetry::intern(std::move(copy)));
        last = family;
      }
      text.clear();
      telemetry::append_series_text(own, text);
      builder.series(text + ' ');
    }
  }
  return builder.finish();
}

}  // namespace

mapped map_block(const rules& by, const telemetry::block_ref& block) {
  if (by.empty() || block->size() == 0) return {nullptr, {}, true};
  const rewriting what(by, *block);
  if (what.kept().empty()) return {nullptr, {}, false};
  std::shared_ptr<telemetry::series_block> made;
  if (what.only_common_changed()) {
    if (what.all_kept() && what.new_common() == block->common()) return {nullptr, {}, true};
    auto chunks = what.all_kept() ? block->chunks() : telemetry::select(block->chunks(), what.kept());
    made = std::make_shared<telemetry::series_block>(std::move(chunks), what.new_common(), block->conflict());
  } else {
    made = std::make_shared<telemetry::series_block>(write_chunks(by, *block, what.common()), what.common(),
                                                     telemetry::label_conflict::keep_exposed);
  }
  made->set_lane(block->lane());
  return {made, what.all_kept() ? std::vector<std::uint32_t>{} : what.kept(), false};
}

telemetry::metrics_ref map_batch(const mapped& to, const telemetry::metrics_ref& batch) {
  if (to.unchanged) return batch;
  if (!to.block) return nullptr;
  auto made = std::make_shared<telemetry::metrics_batch>();
  made->context = batch->context;
  made->self_telemetry = batch->self_telemetry;
  made->source_waits = batch->source_waits;
  made->block = to.block;
  made->timestamp_ms = batch->timestamp_ms;
  if (to.kept.empty()) {
    made->values = batch->values;
    made->own_timestamps_ms = batch->own_timestamps_ms;
    made->exemplars = batch->exemplars;
    return made;
  }
  made->values.reserve(to.kept.size());
  for (const std::uint32_t i : to.kept) made->values.push_back(batch->values[i]);
  if (!batch->own_timestamps_ms.empty()) {
    for (const std::uint32_t i : to.kept) made->own_timestamps_ms.push_back(batch->own_timestamps_ms[i]);
  }
  for (const auto& one : batch->exemplars) {
    const auto at = std::lower_bound(to.kept.begin(), to.kept.end(), one.series);
    if (at == to.kept.end() || *at != one.series) continue;
    made->exemplars.push_back(one);
    made->exemplars.back().series = static_cast<std::uint32_t>(at - to.kept.begin());
  }
  return made;
}

mapped_ref block_map::map(const telemetry::block_ref& block) {
  const auto at = known_.find(block->id());
  if (at != known_.end()) {
    ++hits_;
    return at->second.to;
  }
  ++misses_;
  if (known_.size() >= sweep_at_) {
    std::erase_if(known_, [](const auto& one) { return one.second.of.expired(); });
    sweep_at_ = std::max<std::size_t>(64, 2 * known_.size());
  }
  auto made = std::make_shared<const mapped>(map_block(rules_, block));
  known_.emplace(block->id(), entry{block, made});
  return made;
}

}  // namespace troupe::relabel
