#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/telemetry/batch.hpp"
#include "protocol/telemetry/label.hpp"

namespace troupe::telemetry {

using labels_ref = std::shared_ptr<const label_set>;

/// Log entries, grouped by stream, all texts in one arena. Made by a logs_builder or the codec.
class logs_batch final : public batch {
 public:
  /// Its entries are those from `begin` to before `end`, in the order in which they were added.
  struct stream {
    labels_ref labels;  ///< `__` labels may be among them (`__tenant_id__`)
    std::uint32_t begin = 0, end = 0;
  };
  /// Views into the batch.
  struct entry {
    std::int64_t timestamp_ns = 0;         ///< Unix time
    std::string_view line;                 ///< any bytes
    std::span<const label_view> metadata;  ///< structured metadata, in the order given
  };

  logs_batch() = default;
  logs_batch(const logs_batch&) = delete;  // its entries point into its own arena

  [[nodiscard]] signal kind() const override { return signal::logs; }
  [[nodiscard]] std::size_t items() const override { return entries_.size(); }
  [[nodiscard]] std::size_t bytes() const override;

  [[nodiscard]] const std::vector<stream>& streams() const { return streams_; }
  /// Index as in stream::begin.
  [[nodiscard]] const entry& at(std::size_t index) const { return entries_[index]; }
  [[nodiscard]] const std::vector<entry>& entries() const { return entries_; }
  /// Of lines and structured metadata together.
  [[nodiscard]] std::size_t text_bytes() const { return text_.size(); }

 private:
  friend class logs_builder;
  std::vector<stream> streams_;
  std::vector<entry> entries_;
  std::vector<label_view> metadata_;
  std::string text_;
};
using logs_ref = std::shared_ptr<const logs_batch>;

/// Collects entries for one batch. Used by one thread.
class logs_builder {
 public:
  /// `labels` that are the same object, or equal, are one stream.
  void add(const labels_ref& labels, std::int64_t timestamp_ns, std::string_view line,
           std::span<const label_view> metadata = {});
  [[nodiscard]] std::size_t entries() const { return entries_.size(); }
  [[nodiscard]] std::size_t text_bytes() const { return text_.size(); }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  /// The batch, its context and flags still to be set; the builder is empty again.
  [[nodiscard]] std::shared_ptr<logs_batch> finish();

 private:
  struct piece {
    std::uint32_t stream;
    std::int64_t timestamp_ns;
    std::size_t begin, size;
    std::uint32_t metadata, metadata_count;
  };
  struct text_pair {
    std::size_t name, name_size, value, value_size;
  };
  [[nodiscard]] std::uint32_t stream_of(const labels_ref& labels);
  std::size_t keep(std::string_view text);

  std::vector<labels_ref> streams_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> by_hash_;
  std::vector<piece> entries_;
  std::vector<text_pair> metadata_;
  std::string text_;
  bool sorted_ = true;  // the entries of each stream lie together already
};

}  // namespace troupe::telemetry
