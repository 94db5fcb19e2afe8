#include "actors/prometheus/remote_write/write_request.hpp"

#include <algorithm>
#include <chrono>

namespace troupe::prometheus {

namespace {

/// Of a backend's answer this much is worth repeating.
constexpr std::size_t most_words = 512;
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

remote_write::verdict classify_answer(const http::response& answer, bool retry_on_429, std::int64_t wall_ms) {
  // An answer that is too long to be read was an answer all the same.
  const int status = answer.ok() || answer.failure == http::failure_kind::too_large ? answer.status : 0;
  return remote_write::classify(status, answer.header("Retry-After"), retry_on_429, wall_ms);
}

writer::reply reply_of(const http::response& answer, const remote_write::verdict& what) {
  using kind = remote_write::verdict::kind;
  using outcome = writer::request_outcome::kind;
  writer::reply made;
  made.outcome.what = what.what == kind::delivered ? outcome::delivered
                      : what.what == kind::retry   ? outcome::retry
                                                   : outcome::refused;
  made.outcome.retry_after = what.after;
  if (what.what != kind::delivered) made.words = describe_answer(answer);
  made.reason = "refused";
  made.status = answer.status;
  made.took = answer.duration;
  return made;
}

std::string describe_answer(const http::response& answer) {
  if (!answer.ok()) return answer.error;
  auto text = answer.body.view().substr(0, most_words);
  text = text.substr(0, text.find('\n'));
  return "server returned HTTP status " + std::to_string(answer.status) +
         (text.empty() ? "" : ": " + std::string(text));
}

}  // namespace troupe::prometheus
