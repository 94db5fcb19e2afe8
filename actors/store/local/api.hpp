#pragma once

#include <string>

#include "actors/store/local/reader.hpp"
#include "protocol/http/server.hpp"

namespace troupe::store {

struct answer {
  int status = 200;
  std::string json;
};

/// Answers `series`, `labels`, `label/NAME/values`, `samples` and `metadata` (the path below the store's own).
/// Times are Unix seconds. What is wrong with the question is {"error": …} with 400.
[[nodiscard]] answer ask(reader& of, const std::string& path, const http::server_request& question,
                         std::int64_t now_ms);

/// {"error": why}
[[nodiscard]] std::string error_json(const std::string& why);

}  // namespace troupe::store
