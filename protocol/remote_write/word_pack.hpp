#pragma once

#include <string>
#include <string_view>

#include "protocol/telemetry/result.hpp"

namespace troupe::remote_write {

/// Bytes as 64-bit little-endian words without the zeros at their low end: of doubles most are small whole numbers, or
/// zero, and take a few bytes. Any bytes come back; others than columns of doubles take a sixteenth more.
///
/// `first`: where the words begin; those before, and what is left at the end, stay as they are.
void pack_words(std::string_view bytes, std::size_t first, std::string& out);
/// Gives at most 16 times as many bytes as it gets.
[[nodiscard]] result<std::string> unpack_words(std::string_view packed);

}  // namespace troupe::remote_write
