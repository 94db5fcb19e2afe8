#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/journal/account.hpp"
#include "protocol/telemetry/batch.hpp"
#include "protocol/telemetry/result.hpp"

namespace troupe::writer {

using journal::definition_id;

/// Journal records into batches again; one for each reader.
class record_decoder {
 public:
  /// Valid during the call; empty: there is none of that id.
  using lookup = std::function<std::string_view(definition_id)>;
  virtual ~record_decoder() = default;
  /// `segment`: definitions of another segment are others, even if their ids are the same.
  [[nodiscard]] virtual result<telemetry::batch_ref> decode(std::string_view payload, std::uint64_t segment,
                                                            const lookup& find) = 0;
};

/// How the batches of a signal lie in a journal. Stateless.
class record_format {
 public:
  virtual ~record_format() = default;
  virtual void encode(const telemetry::batch& of, std::string& out) const = 0;
  /// What the record refers to; where the last one is known, all are.
  [[nodiscard]] virtual std::vector<definition_id> definitions_of(const telemetry::batch&) const { return {}; }
  [[nodiscard]] virtual std::string definition(const telemetry::batch&, definition_id) const { return {}; }
  [[nodiscard]] virtual std::unique_ptr<record_decoder> decoder() const = 0;
};

}  // namespace troupe::writer
