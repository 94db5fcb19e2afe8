#include "actors/prometheus/scrape/page_series.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "protocol/telemetry/series_text.hpp"

namespace troupe::prometheus {
namespace {

using telemetry::metrics_batch;

/// How far ahead of the scrape a sample's own time may be.
constexpr std::int64_t future_ms = 10 * 60 * 1000;

struct synthetic {
  const char* name;
  const char* help;
};
constexpr synthetic synthetic_series[] = {
    {"up", "Whether the target could be scraped."},
    {"scrape_duration_seconds", "How long the scrape took."},
    {"scrape_samples_scraped", "Samples on the page."},
    {"scrape_samples_post_metric_relabeling", "Samples of the page that were kept."},
    {"scrape_series_added", "Series that were not on the page before."},
    {"scrape_timeout_seconds", "How long a scrape may take."},
    {"scrape_sample_limit", "How many samples a page may have; 0: any number."},
    {"scrape_body_size_bytes", "Size of the page, uncompressed; -1: beyond the limit."},
};
constexpr std::size_t plain_report = 5;

telemetry::chunk_ref report_chunk(std::size_t count) {
  telemetry::chunk_builder builder;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& [name, help] = synthetic_series[i];
    builder.family(telemetry::intern(telemetry::metric_family{name, telemetry::metric_type::gauge, help, "", ""}));
    builder.series(std::string(name) + ' ');
  }
  return builder.finish().front();
}

std::string limit_error(const char* what, std::string_view label, std::uint64_t is, std::uint64_t limit) {
  return std::string(what) + " exceeded (label: \"" + std::string(label.substr(0, 100)) + "\", " + std::to_string(is) +
         " > " + std::to_string(limit) + ")";
}

}  // namespace

page_series::page_series(telemetry::label_set labels, const page_rules& rules)
    : labels_(std::move(labels)),
      rules_(rules),
      report_size_(rules.extra_metrics ? std::size(synthetic_series) : plain_report) {
  report_chunk_ = report_chunk(report_size_);
}

void page_series::set(const page_rules& rules) {
  if (rules == rules_) return;
  rules_ = rules;
  report_size_ = rules.extra_metrics ? std::size(synthetic_series) : plain_report;
  report_chunk_ = report_chunk(report_size_);
  report_block_ = nullptr;
  layout_ = nullptr;  // the next page is looked at afresh, and compared with what was sent until now
}

page_outcome page_series::page(std::string_view body, exposition::format kind, std::int64_t timestamp_ms,
                               const scrape_report& report, page_scratch& scratch) {
  page_outcome outcome;
  auto& values = scratch.values;
  if (!layout_ || layout_->kind != kind || repeats_ || !exposition::match(*layout_, body, values)) {
    std::size_t lines = 0;
    auto parsed = exposition::parse_page(body, kind, &lines);
    if (!parsed) return failed(parsed.error().message, timestamp_ms, report, lines);
    const auto scraped = parsed->values.values.size();
    values = std::move(parsed->values);
    exposition::parsed_page shape{parsed->layout, {}};
    if (!rules_.honor_timestamps) values.timestamps_ms.clear();
    shape.values.timestamps_ms = values.timestamps_ms;
    if (auto wrong = accept(std::move(shape), outcome, timestamp_ms)) {
      auto refused = failed(std::move(*wrong), timestamp_ms, report, scraped);
      refused.label_limit_hit = outcome.label_limit_hit;
      refused.sample_limit_hit = outcome.sample_limit_hit;
      return refused;
    }
  } else if (!rules_.honor_timestamps) {
    values.timestamps_ms.clear();
  }
  outcome.samples_scraped = layout_->lines;
  outcome.samples_kept = layout_->lines;
  outcome.duplicates = duplicates_;
  outcome.batches.push_back(make_batch(values, timestamp_ms, report, outcome));
  present_ = true;
  return outcome;
}

/// A page of another shape: checks every series, finds repeated ones, and compares with what was there before.
std::optional<std::string> page_series::accept(exposition::parsed_page page, page_outcome& outcome,
                                               std::int64_t timestamp_ms) {
  shape next;
  next.layout = std::move(page.layout);
  const auto& own = page.values.timestamps_ms;
  auto chunks = next.layout->chunks;
  const telemetry::series_block whole(chunks, labels_, rules_.conflict);

  std::unordered_map<std::uint64_t, std::uint32_t> seen;
  seen.reserve(whole.size());
  std::vector<std::uint32_t> kept;
  std::optional<std::string> wrong;
  whole.for_each([&](std::size_t line, const telemetry::label_buffer& labels, const telemetry::metric_family&) {
    if (wrong) return;
    wrong = check(labels.labels());
    if (!wrong) {
      wrong = check_limits(labels.labels());
      outcome.label_limit_hit = wrong.has_value();
    }
    const bool has_own = !own.empty() && own[line] != metrics_batch::no_timestamp;
    if (seen.emplace(labels.hash(), line).second) {
      kept.push_back(static_cast<std::uint32_t>(line));
    } else if (has_own) {
      kept.push_back(static_cast<std::uint32_t>(line));
      next.repeats = true;
    } else {
      ++next.duplicates;
    }
  });
  if (wrong) return wrong;
  if (rules_.sample_limit != 0 && kept.size() > rules_.sample_limit) {  // what stands there twice counts once
    outcome.sample_limit_hit = true;
    return "sample limit exceeded: " + std::to_string(kept.size()) + " samples, the limit is " +
           std::to_string(rules_.sample_limit);
  }
  if (next.duplicates > 0) {
    chunks = telemetry::select(next.layout->chunks, kept);
    next.lines = std::move(kept);
  }
  chunks.push_back(report_chunk_);
  chunks.shrink_to_fit();
  auto block = std::make_shared<telemetry::series_block>(std::move(chunks), labels_, rules_.conflict);
  next.block = std::move(block);
  compare(next, timestamp_ms, outcome);
  if (block_) exemplars_.renumber(*block_, *next.block);
  layout_ = std::move(next.layout);
  block_ = std::move(next.block);
  block_report_size_ = report_size_;
  lines_ = std::move(next.lines);
  duplicates_ = next.duplicates;
  repeats_ = next.repeats;
  return std::nullopt;
}

std::optional<std::string> page_series::check_limits(const std::vector<telemetry::label_view>& labels) const {
  if (rules_.label_limit != 0 && labels.size() > rules_.label_limit) {
    return "label_limit exceeded (metric: \"" + std::string(labels.front().value.substr(0, 50)) +
           "\", number of labels: " + std::to_string(labels.size()) + ", limit: " + std::to_string(rules_.label_limit) +
           ")";
  }
  if (rules_.label_name_length_limit == 0 && rules_.label_value_length_limit == 0) return std::nullopt;
  for (const auto& [name, value] : labels) {
    if (rules_.label_name_length_limit != 0 && name.size() > rules_.label_name_length_limit) {
      return limit_error("label_name_length_limit", name, name.size(), rules_.label_name_length_limit);
    }
    if (rules_.label_value_length_limit != 0 && value.size() > rules_.label_value_length_limit) {
      return limit_error("label_value_length_limit", name, value.size(), rules_.label_value_length_limit);
    }
  }
  return std::nullopt;
}

std::optional<std::string> page_series::check(const std::vector<telemetry::label_view>& labels) const {
  if (labels.empty()) return "invalid series";
  bool named = false;
  std::string_view previous;
  for (const auto& [name, value] : labels) {
    if (name == "__name__") {
      named = true;
      if (rules_.legacy_names && !telemetry::is_legacy_metric_name(value)) {
        return "invalid metric name: \"" + std::string(value.substr(0, 100)) + '"';
      }
    } else if (rules_.legacy_names && !telemetry::is_legacy_label_name(name)) {
      return "invalid label name: \"" + std::string(name.substr(0, 100)) + '"';
    }
    if (name == previous) return "label name \"" + std::string(name.substr(0, 100)) + "\" is not unique";
    previous = name;
  }
  if (!named) return "a series without a metric name";
  return std::nullopt;
}

/// What went and what came between the last good page and this one. Chunks that both have hold neither.
void page_series::compare(const shape& next, std::int64_t timestamp_ms, page_outcome& outcome) const {
  std::unordered_set<const telemetry::series_chunk*> before, after;
  if (block_ && block_->conflict() == next.block->conflict()) {
    for (const auto& chunk : block_->chunks())
      before.insert(chunk.get());
    for (const auto& chunk : next.block->chunks())
      after.insert(chunk.get());
  }

  const auto hashes_of = [](const telemetry::series_block& block, const auto& skip, auto&& f) {
    telemetry::label_buffer labels;
    std::uint32_t index = 0;
    for (const auto& chunk : block.chunks()) {
      if (skip.contains(chunk.get())) {
        index += static_cast<std::uint32_t>(chunk->size());
        continue;
      }
      for (std::size_t i = 0; i < chunk->size(); ++i, ++index) {
        block.labels(*chunk, i, labels);
        f(labels.hash(), index);
      }
    }
  };
  // Either page may have a series more than once.
  std::unordered_set<std::uint64_t> now, came, gone;
  hashes_of(*next.block, before, [&](std::uint64_t hash, std::uint32_t) { now.insert(hash); });
  came = now;
  std::vector<std::uint32_t> went;
  if (block_) {
    hashes_of(*block_, after, [&](std::uint64_t hash, std::uint32_t index) {
      came.erase(hash);
      if (!now.contains(hash) && present_ && tracked(index) && gone.insert(hash).second) went.push_back(index);
    });
  }
  outcome.series_added = came.size();
  if (!block_ || block_report_size_ != report_size_) outcome.series_added -= std::min(came.size(), report_size_);
  if (!went.empty()) outcome.batches.push_back(stale(went, timestamp_ms));
}

fresh_batch page_series::make_batch(exposition::page_values& values, std::int64_t timestamp_ms,
                                    const scrape_report& report, page_outcome& outcome) {
  auto batch = std::make_shared<metrics_batch>();
  batch->block = block_;
  batch->timestamp_ms = timestamp_ms;
  const auto line_of = [&](std::size_t series) { return lines_.empty() ? series : lines_[series]; };
  const std::size_t size = page_size();
  batch->values.reserve(block_->size());
  if (lines_.empty()) {
    batch->values.assign(values.values.begin(), values.values.end());
  } else {
    for (std::uint32_t line : lines_)
      batch->values.push_back(values.values[line]);
  }
  own_timestamp_.clear();
  std::vector<std::uint32_t> kept;
  if (!values.timestamps_ms.empty()) {
    own_timestamp_.resize(size);
    batch->own_timestamps_ms.assign(block_->size(), metrics_batch::no_timestamp);
    for (std::size_t i = 0; i < size; ++i) {
      const auto own = values.timestamps_ms[line_of(i)];
      batch->own_timestamps_ms[i] = own;
      own_timestamp_[i] = own != metrics_batch::no_timestamp;
      if (own_timestamp_[i] && own > timestamp_ms + future_ms) {
        ++outcome.out_of_bounds;
      } else {
        kept.push_back(static_cast<std::uint32_t>(i));
      }
    }
  }
  for (auto& exemplar : values.exemplars) {
    auto series = exemplar.series;
    if (!lines_.empty()) {
      const auto at = std::lower_bound(lines_.begin(), lines_.end(), series);
      if (at == lines_.end() || *at != series) continue;
      series = static_cast<std::uint32_t>(at - lines_.begin());
    }
    exemplar.series = series;
    const auto how = exemplars_.judge(exemplar);
    if (how == exemplar_filter::verdict::out_of_order) ++outcome.exemplars_out_of_order;
    if (how != exemplar_filter::verdict::passes) continue;
    if (exemplar.timestamp_ms == metrics_batch::no_timestamp) exemplar.timestamp_ms = timestamp_ms;
    batch->exemplars.push_back(std::move(exemplar));
  }
  add_report(batch->values, report, outcome, true);
  if (outcome.out_of_bounds == 0) return batch;

  // Some samples are too far in the future: a batch without them, of a block of its own.
  for (std::size_t i = size; i < block_->size(); ++i)
    kept.push_back(static_cast<std::uint32_t>(i));
  return telemetry::select(*batch, kept);
}

void page_series::add_report(std::vector<double>& values, const scrape_report& report, const page_outcome& outcome,
                             bool up) const {
  const double all[] = {up ? 1.0 : 0.0,
                        report.duration_seconds,
                        static_cast<double>(outcome.samples_scraped),
                        static_cast<double>(outcome.samples_kept),
                        static_cast<double>(outcome.series_added),
                        report.timeout_seconds,
                        static_cast<double>(rules_.sample_limit),
                        report.body_bytes};
  values.insert(values.end(), all, all + report_size_);
}

bool page_series::tracked(std::size_t series) const {
  return rules_.track_timestamps_staleness || own_timestamp_.empty() || series >= own_timestamp_.size() ||
         !own_timestamp_[series];
}

/// Stale markers for these series of the block.
fresh_batch page_series::stale(const std::vector<std::uint32_t>& series, std::int64_t timestamp_ms) const {
  metrics_batch whole;
  whole.block = block_;
  whole.timestamp_ms = timestamp_ms;
  whole.values.assign(block_->size(), telemetry::stale_marker());
  return telemetry::select(whole, series);
}

page_outcome page_series::failed(std::string error, std::int64_t timestamp_ms, const scrape_report& report,
                                 std::uint64_t samples_scraped) {
  page_outcome outcome;
  outcome.error = std::move(error);
  outcome.samples_scraped = samples_scraped;
  outcome.samples_kept = samples_scraped;
  auto batch = std::make_shared<metrics_batch>();
  batch->timestamp_ms = timestamp_ms;
  if (std::exchange(present_, false)) {
    std::vector<std::uint32_t> left;
    for (std::uint32_t i = 0; i < page_size(); ++i) {
      if (tracked(i)) left.push_back(i);
    }
    if (left.size() == page_size() && block_report_size_ == report_size_) {
      batch->block = block_;
      batch->values.assign(page_size(), telemetry::stale_marker());
    } else if (!left.empty()) {
      outcome.batches.push_back(stale(left, timestamp_ms));
    }
  }
  if (!batch->block) {
    if (!report_block_) {
      report_block_ = std::make_shared<telemetry::series_block>(std::vector{report_chunk_}, labels_, rules_.conflict);
    }
    batch->block = report_block_;
  }
  add_report(batch->values, report, outcome, false);
  outcome.batches.push_back(std::move(batch));
  return outcome;
}

std::vector<fresh_batch> page_series::gone(std::int64_t timestamp_ms) const {
  auto batch = std::make_shared<metrics_batch>();
  batch->timestamp_ms = timestamp_ms;
  batch->block = std::make_shared<telemetry::series_block>(std::vector{report_chunk_}, labels_, rules_.conflict);
  batch->values.assign(report_size_, telemetry::stale_marker());
  std::vector<fresh_batch> batches;
  if (present_) {
    std::vector<std::uint32_t> left;
    for (std::uint32_t i = 0; i < page_size(); ++i) {
      if (tracked(i)) left.push_back(i);
    }
    if (!left.empty()) batches.push_back(stale(left, timestamp_ms));
  }
  batches.push_back(std::move(batch));
  return batches;
}

}  // namespace troupe::prometheus
