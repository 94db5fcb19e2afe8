#include "protocol/relabel/external_labels.hpp"

#include "protocol/relabel/rewrite.hpp"

namespace troupe::relabel {

telemetry::block_ref with_external_labels(const telemetry::block_ref& block, const telemetry::label_set& external) {
  if (external.empty()) return block;
  const auto made = rewrite(*block, [&external](telemetry::label_buffer& labels) {
    if (labels.labels().empty()) return true;
    for (const auto& [name, value] : external) {
      if (labels.get(name).empty()) labels.add(name, value);
    }
    labels.sort();
    return true;
  });
  return made.unchanged ? block : made.block;
}

}  // namespace troupe::relabel
