#pragma once

#include <cstdint>
#include <string_view>

namespace troupe::journal {

/// CRC-32C (Castagnoli); continues `crc` of what came before.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0);
/// The same where the processor has no instruction for it.
[[nodiscard]] std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t crc = 0);

}  // namespace troupe::journal
