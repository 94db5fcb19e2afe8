#include "protocol/relabel/external_labels.hpp"

#include <algorithm>

#include "protocol/telemetry/series_text.hpp"

namespace troupe::relabel {

telemetry::block_ref with_external_labels(const telemetry::block_ref& block, const telemetry::label_set& external) {
  telemetry::label_set common = block->common();
  telemetry::label_set added;
  for (const auto& [name, value] : external) {
    if (common.get(name).empty()) added.set(name, value);
  }
  if (added.empty()) return block;
  bool owned = false;  // by some series itself
  block->for_each([&](std::size_t, const telemetry::label_buffer& labels, const telemetry::metric_family&) {
    owned = owned || std::any_of(added.begin(), added.end(), [&](const auto& l) { return !labels.get(l.first).empty(); });
  });
  std::shared_ptr<telemetry::series_block> made;
  if (!owned) {
    for (const auto& [name, value] : added) common.set(name, value);
    made = std::make_shared<telemetry::series_block>(block->chunks(), std::move(common), block->conflict());
  } else {
    // Some keep their own: all labels are written out, and then none has to give way.
    telemetry::chunk_builder builder;
    const telemetry::metric_family* last = nullptr;
    std::string text;
    for (const auto& chunk : block->chunks()) {
      telemetry::label_buffer labels;
      for (std::size_t i = 0; i < chunk->size(); ++i) {
        block->labels(*chunk, i, labels);
        for (const auto& [name, value] : added) {
          if (labels.get(name).empty()) labels.add(name, value);
        }
        labels.sort();
        std::erase_if(labels.labels(), [&](const auto& l) { return common.get(l.name) == l.value; });
        if (const auto* family = &chunk->family(i); family != last) {
          auto copy = *family;
          copy.page_text.clear();
          builder.family(telemetry::intern(std::move(copy)));
          last = family;
        }
        text.clear();
        telemetry::append_series_text(labels.labels(), text);
        builder.series(text + ' ');
      }
    }
    made = std::make_shared<telemetry::series_block>(builder.finish(), std::move(common), telemetry::label_conflict::keep_exposed);
  }
  made->set_lane(block->lane());
  return made;
}

}  // namespace troupe::relabel
