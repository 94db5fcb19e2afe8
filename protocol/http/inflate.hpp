#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/http/body.hpp"
#include "protocol/telemetry/result.hpp"

namespace troupe::http {

enum class inflate_fault : std::uint8_t { none, too_large, malformed };

/// gzip, one member or several, appended nothing: `out` is replaced. At most `limit` bytes come out and are ever
/// allocated; a bomb costs at most twice the inflating of `limit` bytes. What follows the last member must be another
/// member.
[[nodiscard]] inflate_fault inflate_gzip(std::string_view compressed, std::uint64_t limit, body& out);

/// One gzip member, at libdeflate's level 1.
[[nodiscard]] std::string deflate_gzip(std::string_view plain);

}  // namespace troupe::http
