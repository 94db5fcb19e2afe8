#pragma once

#include "config/schema.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace troupe::config {

/// A text to be shown: passwords of URLs in it (`http://user:password@host`) read "(secret)".
[[nodiscard]] std::string without_passwords(std::string_view text);

/// The text of a file to be shown to people: texts that are written where a secret is wanted read "(secret)", as do
/// passwords of URLs. Lines stay where they are. `schema_of`: what a block of that name may hold; null: unknown, it is
/// shown as it is.
[[nodiscard]] std::string redacted(const ast::file& of,
                                   const std::function<const body_schema*(std::string_view name)>& schema_of);

}  // namespace troupe::config
