#pragma once

#include <string>
#include <string_view>

#include "protocol/telemetry/label.hpp"

namespace troupe::loki {

/// The label that names the tenant of a stream, instead of the endpoint's.
inline constexpr std::string_view tenant_label = "__tenant_id__";

/// `{a="b", c="d"}`, sorted by name, values quoted as Go does. Labels that begin with `__` are left out; those of
/// `external` are added where the stream has none of that name. What is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string stream_labels(const telemetry::label_set& of, const telemetry::label_set& external);

}  // namespace troupe::loki
