#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/store/local/query_connection.hpp"

namespace troupe::store {

struct trace_question {
  std::int64_t from_ns = 0, to_ns = 0;  ///< when it began, both included
  std::string service, name;            ///< some span is of this service and has this in its name; empty: any
  std::int64_t min_duration_ns = 0;     ///< of the whole trace
  bool only_errors = false;
};

struct found_trace {
  std::string id;  ///< hexadecimal
  std::int64_t start_ns = 0, end_ns = 0, spans = 0, errors = 0;
  bool rooted = false;  ///< the span that begins it is there; else the earliest that is stands for it
  std::string root_name, root_service;
};

struct found_span {
  std::string id, parent;  ///< hexadecimal; no parent: empty
  std::int64_t start_ns = 0, duration_ns = 0, kind = 0, status = 0;
  std::string service, name;
  std::string detail, resource;  ///< JSON objects
};

/// Queries over traces.
class trace_reader : public query_connection {
 public:
  [[nodiscard]] static result<std::unique_ptr<trace_reader>> open(const std::string& path);

  struct page {
    std::vector<found_trace> traces;
    bool truncated = false;  ///< there are more
  };
  /// The newest first.
  [[nodiscard]] result<page> list(const trace_question& which, std::size_t limit);
  struct whole {
    found_trace sum;
    std::vector<found_span> spans;  ///< the earliest first
    bool truncated = false;         ///< it has more than can be answered
  };
  /// `id`: 16 bytes. Nothing: there is no such trace.
  [[nodiscard]] result<std::optional<whole>> trace(const std::string& id);
  [[nodiscard]] result<text_list> services();
  [[nodiscard]] result<std::map<std::string, std::int64_t>> stats();
};

}  // namespace troupe::store
