#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/telemetry/batch.hpp"

namespace troupe::remote_write {

/// What is steady of a block, encoded and compressed once: its series as elements of snappy's block format in which
/// each value is a literal at a known place, and the timestamp is a literal once per piece and copied from there.
/// Pieces are whole series; each is valid wherever it stands in a message, for its copies refer to itself only.
/// Immutable.
class block_template {
 public:
  /// `columns`: the batch's column of each series, ascending; empty: the same. `max_series`: of a piece. The block
  /// isn't needed afterwards.
  block_template(const telemetry::block_ref& block, std::vector<std::uint32_t> columns, std::size_t max_series);

  struct piece {
    std::uint32_t first = 0, count = 0;  ///< series
    std::uint32_t raw_bytes = 0;         ///< uncompressed
    std::uint32_t begin = 0, end = 0;    ///< in the template's bytes
    std::uint32_t time_at = 0;           ///< of the timestamp, in the template's bytes
    std::uint32_t value_at = 0;          ///< of the first value; the others follow by their distances
  };
  [[nodiscard]] const std::vector<piece>& pieces() const { return pieces_; }
  [[nodiscard]] std::size_t series() const { return distances_.size(); }
  [[nodiscard]] std::size_t bytes() const;  ///< memory

  /// Which of the three below can encode this piece of the batch; the first that can is the fastest.
  enum class way : std::uint8_t { one_time, own_times, slow };
  [[nodiscard]] way way_of(std::size_t piece, const telemetry::metrics_batch& batch, bool exemplars) const;
  /// All series have the batch's timestamp.
  void append(std::size_t piece, const telemetry::metrics_batch& batch, std::string& out) const;
  /// Some have their own, of six bytes as varints (wire.hpp). Takes at most nine bytes more for each of these.
  void append_own_times(std::size_t piece, const telemetry::metrics_batch& batch, std::string& out) const;
  /// Any timestamps, exemplars: encoded and compressed anew.
  struct slow {
    std::size_t raw_bytes = 0, exemplars = 0;
  };
  slow append_slow(std::size_t piece, const telemetry::metrics_batch& batch, bool exemplars, std::string& out) const;

 private:
  [[nodiscard]] std::uint32_t column(std::uint32_t series) const {
    return columns_.empty() ? series : columns_[series];
  }

  std::vector<std::uint32_t> columns_;
  std::string wire_;
  std::vector<piece> pieces_;
  std::vector<std::uint16_t> distances_;  // from the value before in the same piece
};

}  // namespace troupe::remote_write
