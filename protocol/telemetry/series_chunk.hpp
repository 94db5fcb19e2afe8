#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/telemetry/value.hpp"

namespace troupe::telemetry {

/// What a page says about a metric family, and the very lines that said it. Interned: equal ones are one object.
struct metric_family {
  std::string name;
  metric_type type = metric_type::unknown;
  std::string help;
  std::string unit;
  std::string page_text;  ///< the comment lines as they stood on the page, each with its newline; may be empty
  friend bool operator==(const metric_family&, const metric_family&) = default;
};
using family_ref = std::shared_ptr<const metric_family>;

/// Where a family begins in a chunk.
struct family_start {
  std::uint32_t first = 0;  ///< index of its first series in the chunk
  family_ref family;
  friend bool operator==(const family_start&, const family_start&) = default;
};

/// A run of series as the lines of a page, without their values: the unit of interning (a few dozen series; the
/// boundaries follow the families, so that a series that comes or goes changes one chunk). Immutable.
/// Series i's text is all that stood on its line before the value, the blank included: `up{job="a"} `.
class series_chunk {
 public:
  series_chunk(std::string text, std::vector<std::uint32_t> ends, std::vector<family_start> families);

  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  [[nodiscard]] std::string_view text(std::size_t i) const {
    const std::uint32_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(text_).substr(begin, ends_[i] - begin);
  }
  /// In order of `first`; the first one starts at 0 unless the chunk is empty.
  [[nodiscard]] std::span<const family_start> families() const { return families_; }
  [[nodiscard]] const metric_family& family(std::size_t i) const;
  [[nodiscard]] std::uint64_t hash() const { return hash_; }  ///< over text and families; stable over processes
  [[nodiscard]] std::size_t bytes() const;                    ///< heap memory held, the shared families not counted

  friend bool operator==(const series_chunk& a, const series_chunk& b);

 private:
  std::string text_;
  std::vector<std::uint32_t> ends_;
  std::vector<family_start> families_;
  std::uint64_t hash_ = 0;
};
using chunk_ref = std::shared_ptr<const series_chunk>;

/// Returns the one object that is equal to the argument; what nobody holds any more is forgotten at once. Thread-safe.
family_ref intern(metric_family family);
chunk_ref intern(series_chunk chunk);

struct interned_counts {
  std::size_t families = 0;
  std::size_t chunks = 0;
  std::size_t chunk_bytes = 0;
};
[[nodiscard]] interned_counts interned();

}  // namespace troupe::telemetry
