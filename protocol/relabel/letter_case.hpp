#pragma once

#include <string>
#include <string_view>

namespace troupe::relabel {

/// Each letter of UTF-8 text mapped alone, as Go's strings.ToLower and strings.ToUpper do, by Unicode's simple
/// mappings; bytes that are no UTF-8 stay. Needs the C library's C.UTF-8 locale (a part of Debian's libc-bin); without
/// it only ASCII is mapped.
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] std::string to_upper(std::string_view text);

/// Whether a letter or digit of any script begins `text`: the bytes it takes, or 0.
[[nodiscard]] std::size_t letter_or_digit(std::string_view text);

}  // namespace troupe::relabel
