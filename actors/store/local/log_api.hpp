#pragma once

#include <string>

#include "actors/store/local/api.hpp"
#include "actors/store/local/log_reader.hpp"

namespace troupe::store {

/// Answers what stands below `logs`: nothing more (the entries, in the form of Loki's query_range), `histogram`,
/// `series`, `labels` and `label/NAME/values`. What is wrong with the question is {"error": …} with 400.
[[nodiscard]] answer ask_logs(log_reader& of, const std::string& path, const http::server_request& question,
                              std::int64_t now_ms);

}  // namespace troupe::store
