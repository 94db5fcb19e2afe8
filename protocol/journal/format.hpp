#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/telemetry/result.hpp"

namespace troupe::journal {

using sequence = std::uint64_t;
/// No journal ever gets there; what is beyond is damage.
inline constexpr sequence max_sequence = sequence{1} << 62;

enum class record_kind : std::uint32_t { data = 1, definition = 2 };

inline constexpr std::size_t record_header_bytes = 48;
/// A record is never larger; what claims to be is damage.
inline constexpr std::size_t max_record_bytes = std::size_t{16} << 20;

/// A record as it lies in a segment. Of a definition only id and payload mean something.
struct record {
  record_kind kind = record_kind::data;
  std::uint32_t items = 0;
  std::int64_t time_ms = 0;
  std::uint64_t id = 0;  ///< sequence of data, id of a definition
  std::uint64_t source = 0, number = 0;
  std::string_view payload;
};

void append_record(const record& what, std::string& out);
/// The record at the beginning of `bytes`; nothing: incomplete or damaged.
[[nodiscard]] std::optional<record> read_record(std::string_view bytes);
/// How many bytes a record takes whose header this is, if it can be trusted that far; nothing: too short, or no header.
[[nodiscard]] std::optional<std::size_t> claimed_size(std::string_view bytes);

/// Sources and the last number of each; longest silent first.
using origin_list = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
inline constexpr std::size_t max_origins = 4096;
inline constexpr std::size_t max_header_bytes = 24 + 16 * max_origins;

struct segment_header {
  sequence first = 0;
  origin_list origins;  ///< before this segment
  /// When it was begun, everything before it was on the disk for good: its origins hold, whatever is missing before it.
  bool all_durable = false;
};
void append_header(const segment_header& what, std::string& out);
/// The header and how many bytes it takes.
[[nodiscard]] result<std::pair<segment_header, std::size_t>> read_header(std::string_view bytes);

/// The file of the cursors, whole. Names are any text.
[[nodiscard]] std::string cursors_text(const std::map<std::string, sequence>& cursors);
[[nodiscard]] result<std::map<std::string, sequence>> read_cursors(std::string_view text);
inline constexpr std::size_t max_cursors_bytes = std::size_t{1} << 20;

[[nodiscard]] std::string segment_name(sequence first);
[[nodiscard]] std::optional<sequence> first_of_segment(std::string_view name);

}  // namespace troupe::journal
