#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/prometheus/scrape/exemplar_filter.hpp"
#include "protocol/exposition/page.hpp"
#include "protocol/telemetry/batch.hpp"

namespace troupe::prometheus {

/// What a scrape allows and how it names things; shared by all targets of a component.
struct page_rules {
  bool honor_timestamps = true;
  bool track_timestamps_staleness = false;
  bool extra_metrics = false;
  bool legacy_names = true;  ///< names beyond the legacy character set fail the scrape
  telemetry::label_conflict conflict = telemetry::label_conflict::export_exposed;
  std::uint64_t sample_limit = 0;  ///< 0: none, as for all limits
  std::uint64_t label_limit = 0;
  std::uint64_t label_name_length_limit = 0;
  std::uint64_t label_value_length_limit = 0;
  friend bool operator==(const page_rules&, const page_rules&) = default;
};

/// What the synthetic series say besides what the page itself gives.
struct scrape_report {
  double duration_seconds = 0;
  double timeout_seconds = 0;
  double body_bytes = 0;  ///< uncompressed; -1: beyond the limit
};

/// A batch that nobody has seen yet: its context is still to be set.
using fresh_batch = std::shared_ptr<telemetry::metrics_batch>;

/// What one scrape came to.
struct page_outcome {
  std::vector<fresh_batch> batches;  ///< to be pushed in this order
  std::string error;                 ///< empty: the scrape was good
  std::uint64_t samples_scraped = 0, samples_kept = 0, series_added = 0;
  std::uint64_t duplicates = 0, out_of_bounds = 0;
  std::uint64_t exemplars_out_of_order = 0;
  bool sample_limit_hit = false;
  bool label_limit_hit = false;  ///< any of the three limits of labels
};

/// Scratch memory that all targets of a component share, one page after the other.
struct page_scratch {
  exposition::page_values values;
};

/// The pages of one target, turned into batches: remembers what the last page looked like, so that the next one costs a
/// comparison and its numbers; knows which series went and says so (staleness). Plain: no clock, no network.
class page_series {
 public:
  /// `labels`: the target's own, without those that start with `__`.
  page_series(telemetry::label_set labels, const page_rules& rules);

  /// From the next page on; what these rules no longer let through becomes stale then.
  void set(const page_rules& rules);

  /// A page arrived.
  [[nodiscard]] page_outcome page(std::string_view body, exposition::format kind, std::int64_t timestamp_ms,
                                  const scrape_report& report, page_scratch& scratch);
  /// No page, or a bad one: every series that was there is stale, and up is 0.
  [[nodiscard]] page_outcome failed(std::string error, std::int64_t timestamp_ms, const scrape_report& report,
                                    std::uint64_t samples_scraped = 0);
  /// The target is gone: stale markers for all, the synthetic series included.
  [[nodiscard]] std::vector<fresh_batch> gone(std::int64_t timestamp_ms) const;

  [[nodiscard]] std::size_t series() const { return block_ ? block_->size() : 0; }

 private:
  /// The block a layout makes, and which of its lines are series of it.
  struct shape {
    exposition::layout_ref layout;
    telemetry::block_ref block;        ///< the page's series, then the synthetic ones
    std::vector<std::uint32_t> lines;  ///< the page's line of each series; empty: all, in order
    std::uint64_t duplicates = 0;
    bool repeats = false;  ///< the same series stands there more than once on purpose (own timestamps)
  };
  [[nodiscard]] std::optional<std::string> accept(exposition::parsed_page page, page_outcome& outcome,
                                                  std::int64_t timestamp_ms);
  [[nodiscard]] std::optional<std::string> check(const std::vector<telemetry::label_view>& labels) const;
  [[nodiscard]] std::optional<std::string> check_limits(const std::vector<telemetry::label_view>& labels) const;
  void compare(const shape& next, std::int64_t timestamp_ms, page_outcome& outcome) const;
  [[nodiscard]] fresh_batch make_batch(exposition::page_values& values, std::int64_t timestamp_ms,
                                       const scrape_report& report, page_outcome& outcome);
  void add_report(std::vector<double>& values, const scrape_report& report, const page_outcome& outcome, bool up) const;
  [[nodiscard]] bool tracked(std::size_t series) const;
  [[nodiscard]] fresh_batch stale(const std::vector<std::uint32_t>& series, std::int64_t timestamp_ms) const;
  [[nodiscard]] std::size_t page_size() const { return block_->size() - block_report_size_; }

  telemetry::label_set labels_;
  page_rules rules_;
  telemetry::chunk_ref report_chunk_;
  telemetry::block_ref report_block_;  // made when first needed
  std::size_t report_size_ = 0;
  exposition::layout_ref layout_;
  telemetry::block_ref block_;
  std::size_t block_report_size_ = 0;  // synthetic series at the end of block_
  std::vector<std::uint32_t> lines_;
  std::vector<bool> own_timestamp_;  // of the last good page; empty: none had one
  std::uint64_t duplicates_ = 0;
  bool repeats_ = false;
  exemplar_filter exemplars_;
  bool present_ = false;  // the last scrape was good: its series are not stale
};

}  // namespace troupe::prometheus
