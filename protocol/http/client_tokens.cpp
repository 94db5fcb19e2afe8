#include <algorithm>
#include <iterator>

#include "protocol/http/client_thread.hpp"
#include "protocol/http/header_name.hpp"
#include "protocol/http/transfer.hpp"

namespace troupe::http {

bool client::thread::has_token(submission& s) {
  const auto source = s.via->tokens();
  if (!source || s.token) return true;
  const auto own = [](const auto& header) { return same_name(header.first, "authorization"); };
  if (std::any_of(s.what.headers.begin(), s.what.headers.end(), own)) return true;
  s.token = source->token.current(std::chrono::steady_clock::now());
  if (s.token) return true;
  without_token_.push_back(std::move(s));
  if (!source->token.asked()) ask(source);
  return false;
}

/// Out of turn: requests that wait for it may be all that others wait for.
void client::thread::ask(const std::shared_ptr<token_source>& from) {
  const auto secret = from->client_secret();
  if (!secret) return give_up(*from, secret.error().message);
  submission s;
  s.id = next_id_.fetch_add(1, std::memory_order_relaxed);
  s.via = from->server;
  s.what = from->token.ask(*secret);
  s.submitted = std::chrono::steady_clock::now();
  s.asks_for = from;
  from->asked_as = s.id;
  start(std::move(s));
}

void client::thread::take_token(completion c) {
  const auto source = std::move(c.of.asks_for);
  source->asked_as = 0;
  look_again_ = true;
  const auto token = source->token.answer(c.answer, std::chrono::steady_clock::now());
  if (!token) return give_up(*source, token.error().message);
  if (!*token) return ask(source);
  auto ready = all_that_wait_for(*source);
  for (auto& each : ready) {
    each.token = *token;
    each.token_is_new = true;
  }
  waiting_.insert(waiting_.begin(), std::make_move_iterator(ready.begin()), std::make_move_iterator(ready.end()));
}

std::vector<submission> client::thread::all_that_wait_for(const token_source& from) {
  const auto others = [&](const submission& s) { return s.via->tokens().get() != &from; };
  const auto first = std::stable_partition(without_token_.begin(), without_token_.end(), others);
  std::vector<submission> out;
  std::move(first, without_token_.end(), std::back_inserter(out));
  without_token_.erase(first, without_token_.end());
  return out;
}

void client::thread::give_up(const token_source& from, const std::string& why) {
  for (auto& each : all_that_wait_for(from))
    end(std::move(each), failure_kind::unauthorized, why);
}

/// With a token that may be at its end though it doesn't say so. The body is shared, so it is still there.
bool client::thread::send_again(completion& c) {
  if (!c.of.token || c.of.token_is_new || !c.answer.ok() || c.answer.status != 401) return false;
  c.of.via->tokens()->token.refused(c.of.token);
  c.of.token.reset();
  c.of.token_is_new = true;
  waiting_.push_front(std::move(c.of));
  look_again_ = true;
  return true;
}

void client::thread::end_overdue() {
  if (without_token_.empty()) return;
  const auto now = std::chrono::steady_clock::now();
  const auto in_time = [&](const submission& s) { return now < s.submitted + s.what.timeout; };
  const auto first = std::stable_partition(without_token_.begin(), without_token_.end(), in_time);
  for (auto it = first; it != without_token_.end(); ++it) {
    const auto why =
        "timed out after " + print_timeout(it->what.timeout) + ", waiting for the " + it->via->tokens()->token.where();
    end(std::move(*it), failure_kind::timeout, why);
  }
  without_token_.erase(first, without_token_.end());
}

}  // namespace troupe::http
