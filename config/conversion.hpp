#pragma once

#include "config/secret.hpp"
#include "config/value.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::config {

/// What a place wants: a kind, or one of the texts that may be hidden.
enum class wanted { any, number, string, boolean, array, object, function, capsule, secret, optional_secret };

/// The value as the place wants it, converted where the language converts silently: number <-> string, string and
/// optional secret -> secret, an optional secret that is none -> string, a capsule with fields -> object. Null fits
/// everywhere and stays null (it means the zero value). The misfit has no path.
fitted<value> convert(const value& v, wanted target);

/// The text of whatever converts to a string / to a secret. Null is "".
fitted<std::string> to_string(const value& v);
fitted<std::string> to_secret_text(const value& v);

/// Go's durations: `1h30m`, `1.5s`, `-10ms`; no days. Error texts as Go's. Null is 0.
fitted<std::chrono::nanoseconds> to_duration(const value& v);
tl::expected<std::chrono::nanoseconds, std::string> parse_duration(std::string_view text);
/// As Go prints it: `1h0m0s`, `1.5s`, `0s`.
std::string print_duration(std::chrono::nanoseconds d);

/// Sizes in powers of 1024: `1MiB`, `512KB`, `10B`; of bare numbers only `0`. Null is 0.
fitted<std::int64_t> to_size(const value& v);

}  // namespace troupe::config
