#pragma once

#include <string>
#include <string_view>

#include "protocol/telemetry/otlp.hpp"

namespace troupe::otlp {

/// An Export*ServiceRequest as OTLP's JSON: lowerCamelCase names, ids in hexadecimal, enumerations as numbers, 64-bit
/// integers as texts; what is as its default is left out. What is no such message becomes an empty object.
[[nodiscard]] std::string to_json(telemetry::otlp_kind what, std::string_view message);

}  // namespace troupe::otlp
