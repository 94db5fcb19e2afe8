#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "config/schema.hpp"

namespace troupe::otelcol {

/// How a request's body is compressed. `deflate` and `zlib` are both zlib's format (RFC 9110, 8.4.1.2).
enum class compression : std::uint8_t { none, gzip, zlib, deflate, snappy, snappy_framed, zstd, lz4 };

/// As it is written in a configuration and in `Content-Encoding` or `grpc-encoding`; empty for none.
[[nodiscard]] const char* name_of(compression how);

/// One that is written; none is also "" and "none". Empty: there is none of that name.
[[nodiscard]] std::optional<compression> compression_of(std::string_view name);

/// Complaints about an argument `compression` that is none of these.
[[nodiscard]] config::complaints check_compression(const std::string& written,
                                                   std::initializer_list<compression> supported);

/// Whether the level is one that the collector takes for it: -2 to 9, for zstd any; none but 0 where there are none.
[[nodiscard]] bool has_level(compression how, std::int64_t level);

/// `level`: 0 and less: a fast one.
[[nodiscard]] std::string compress(compression how, std::string_view plain, std::int64_t level = 0);

}  // namespace troupe::otelcol
