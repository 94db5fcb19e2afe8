#include "actors/prometheus/remote_write/write_request.hpp"

#include <algorithm>
#include <chrono>

namespace troupe::prometheus {

namespace {

constexpr std::uint64_t most_answer_bytes = 64 << 10;

}  // namespace

http::request write_request(const remote_writing::endpoint_arguments& to, std::shared_ptr<const std::string> body,
                            unsigned attempt) {
  using std::chrono::milliseconds;
  http::request request;
  request.method = "POST";
  request.url = to.url;
  request.headers = {{"Content-Encoding", "snappy"},
                     {"Content-Type", "application/x-protobuf"},
                     {"X-Prometheus-Remote-Write-Version", "0.1.0"}};
  if (attempt > 0) request.headers.emplace_back("Retry-Attempt", std::to_string(attempt));
  for (const auto& [name, value] : to.headers)
    request.headers.emplace_back(name, value);
  request.body = std::move(body);
  request.timeout = std::max(milliseconds(1), std::chrono::duration_cast<milliseconds>(to.remote_timeout));
  request.max_body_bytes = most_answer_bytes;
  return request;
}

}  // namespace troupe::prometheus
