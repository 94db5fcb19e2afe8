#pragma once

#include <string>

#include "actors/store/local/api.hpp"
#include "actors/store/local/trace_reader.hpp"

namespace troupe::store {

/// Answers what stands below `traces`: nothing more (a list), `services`, and a trace's id in hexadecimal (its spans as
/// a tree). What is wrong with the question is {"error": …} with 400.
[[nodiscard]] answer ask_traces(trace_reader& of, const std::string& path, const http::server_request& question,
                                std::int64_t now_ms);

}  // namespace troupe::store
