#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "protocol/telemetry/label.hpp"
#include "protocol/telemetry/series_chunk.hpp"

namespace troupe::telemetry {

/// What happens when a series says a label that its target has, too (honor_labels).
enum class label_conflict : std::uint8_t {
  export_exposed,  ///< the target's label wins; the exposed one becomes exported_<name>
  keep_exposed,    ///< the exposed one wins; exposed as empty it also keeps the target's away
};

/// An immutable list of series: a shape (its chunks) times a target (the labels common to all). Everything that is
/// derived from labels (relabelling, encoding) is cached by `id()` and never computed again for the same block.
class series_block {
 public:
  series_block(std::vector<chunk_ref> chunks, label_set common,
               label_conflict conflict = label_conflict::export_exposed);

  [[nodiscard]] std::uint64_t id() const { return id_; }  ///< unique in this process, never reused
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const std::vector<chunk_ref>& chunks() const { return chunks_; }
  [[nodiscard]] const label_set& common() const { return common_; }
  [[nodiscard]] label_conflict conflict() const { return conflict_; }
  /// Equal for blocks of one target: batches of one lane must be delivered in order, those of different lanes need not.
  [[nodiscard]] std::uint64_t lane() const { return lane_; }
  void set_lane(std::uint64_t lane) { lane_ = lane; }  ///< before the block is shared: a stage hands the lane on

  /// The series' final labels, sorted, without empty values, the common ones merged in. `out` is cleared first.
  void labels(const series_chunk& chunk, std::size_t index_in_chunk, label_buffer& out) const;

  /// f(series index in the block, label_buffer&, const metric_family&), in order.
  template <class F>
  void for_each(F&& f) const {
    label_buffer buffer;
    std::size_t index = 0;
    for (const auto& chunk : chunks_) {
      for (std::size_t i = 0; i < chunk->size(); ++i, ++index) {
        labels(*chunk, i, buffer);
        f(index, buffer, chunk->family(i));
      }
    }
  }

 private:
  std::vector<chunk_ref> chunks_;
  label_set common_;
  label_conflict conflict_;
  std::size_t size_ = 0;
  std::uint64_t id_ = 0;
  std::uint64_t lane_ = 0;  ///< default: hash of the common labels
};
using block_ref = std::shared_ptr<const series_block>;

/// Collects series into interned chunks: boundaries are chosen from the content, so that equal runs on different pages,
/// and the unchanged part of a changed page, become the same chunks.
class chunk_builder {
 public:
  /// A family begins; series added from here on belong to it.
  void family(family_ref family);
  /// One series: the text before its value.
  void series(std::string_view text);
  /// The chunks so far; the builder is empty again.
  [[nodiscard]] std::vector<chunk_ref> finish();

 private:
  void cut();
  std::vector<chunk_ref> chunks_;
  std::string text_;
  std::vector<std::uint32_t> ends_;
  std::vector<family_start> families_;
  family_ref current_;
};

/// Only these series (indices over all chunks, ascending): a chunk that keeps all of its series stays as it is.
[[nodiscard]] std::vector<chunk_ref> select(const std::vector<chunk_ref>& chunks,
                                            std::span<const std::uint32_t> series);

}  // namespace troupe::telemetry
