#include "actors/writer/http_reply.hpp"

namespace troupe::writer {

namespace {

/// Of a backend's answer this much is worth repeating.
constexpr std::size_t most_words = 512;

}  // namespace

http::verdict classify_answer(const http::response& answer, bool retry_on_429, std::int64_t wall_ms) {
  // An answer that is too long to be read was an answer all the same.
  const int status = answer.ok() || answer.failure == http::failure_kind::too_large ? answer.status : 0;
  return http::classify(status, answer.header("Retry-After"), retry_on_429, wall_ms);
}

reply reply_of(const http::response& answer, const http::verdict& what) {
  using kind = http::verdict::kind;
  using outcome = request_outcome::kind;
  reply made;
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

}  // namespace troupe::writer
