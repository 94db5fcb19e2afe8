#pragma once

#include <cstdint>
#include <string_view>

namespace troupe::journal {

/// CRC-32C (Castagnoli); continues `crc` of what came before.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0);

}  // namespace troupe::journal
