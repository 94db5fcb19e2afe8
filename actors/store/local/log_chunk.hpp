#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/http/body.hpp"
#include "protocol/telemetry/label.hpp"

namespace troupe::store {

/// An entry of one stream, as views into what it was read from.
struct log_entry {
  std::int64_t time_ns = 0;   ///< Unix time
  std::string_view line;      ///< any bytes
  std::string_view metadata;  ///< as encode_metadata() makes it; empty: none
};

[[nodiscard]] std::string encode_metadata(std::span<const telemetry::label_view> all);
/// Views into `encoded`; of damaged bytes none.
[[nodiscard]] std::vector<telemetry::label_view> metadata_of(std::string_view encoded);

/// Entries of one stream, in their order, compressed where that pays.
[[nodiscard]] std::string pack(std::span<const log_entry> entries);
/// Appends views into `packed` or, where it was compressed, into `room`: valid as long as both stay as they are.
/// `bytes`: of the entries, as bytes_of() says; no more than that is ever allocated. False: damaged.
[[nodiscard]] bool unpack(std::string_view packed, std::uint64_t bytes, http::body& room, std::vector<log_entry>& out);
/// Of a chunk read from the disk nothing is believed beyond this.
inline constexpr std::uint64_t largest_chunk_bytes = std::uint64_t{1} << 30;
/// What the entries take when they are not compressed.
[[nodiscard]] std::uint64_t bytes_of(std::span<const log_entry> entries);

}  // namespace troupe::store
