#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/otlp/span.hpp"
#include "protocol/telemetry/otlp.hpp"

namespace troupe::otlp {

/// Collects spans of one resource for one ExportTraceServiceRequest. Written by hand, without a protobuf object per
/// span: it lies on the way of every sampled unit of work. Used by one thread.
class trace_builder {
 public:
  /// `resource`: its attributes; copied.
  explicit trace_builder(std::span<const attribute_view> resource);

  /// `scope`: name of the instrumentation scope; `scope_attributes` are taken from its first span.
  void add(std::string_view scope, std::span<const attribute_view> scope_attributes, const span_view& one);
  [[nodiscard]] std::size_t spans() const { return spans_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }  ///< of the spans, encoded
  [[nodiscard]] bool empty() const { return spans_ == 0; }
  /// The batch, its context and flags still to be set; the builder is empty again.
  [[nodiscard]] std::shared_ptr<telemetry::otlp_batch> finish();

 private:
  struct scope {
    std::string name;
    std::string encoded;  // the ScopeSpans' scope field
    std::string spans;
  };
  std::string resource_;  // the ResourceSpans' resource field
  std::vector<scope> scopes_;
  std::size_t spans_ = 0, bytes_ = 0;
};

}  // namespace troupe::otlp
