#include "tests/process/loki_receiver.hpp"

#include <snappy.h>

#include "protocol/loki/push.pb.h"

namespace troupe::testing {

loki_receiver::loki_receiver(std::uint16_t port)
    : server_(listen(port, [this](const auto& request, auto to) { take(request, to); })) {}

void loki_receiver::answers(std::function<answer(int)> how) {
  std::lock_guard lock(mutex_);
  how_ = std::move(how);
}

/// What is wrong with it; empty: nothing.
std::string loki_receiver::read(const http::server_request& request, std::map<std::string, std::vector<entry>>& into) {
  if (request.header("Content-Encoding") != "snappy" || request.header("Content-Type") != "application/x-protobuf")
    return "wrong headers";
  std::string message;
  if (!snappy::Uncompress(request.body.data(), request.body.size(), &message)) return "not snappy";
  logproto::PushRequest push;
  if (!push.ParseFromString(message)) return "no PushRequest";
  const std::string tenant(request.header("X-Scope-OrgID"));
  for (const auto& stream : push.streams()) {
    auto& to = into[(tenant.empty() ? "" : tenant + "/") + stream.labels()];
    for (const auto& one : stream.entries()) {
      to.push_back({one.timestamp().seconds() * 1'000'000'000 + one.timestamp().nanos(), one.line(), {}});
      for (const auto& pair : one.structured_metadata())
        to.back().metadata[pair.name()] = pair.value();
    }
  }
  return {};
}

void loki_receiver::take(const http::server_request& request, const std::shared_ptr<http::responder>& to) {
  answer how;
  {
    std::lock_guard lock(mutex_);
    ++requests_;
    if (how_) how = how_(requests_);
    std::map<std::string, std::vector<entry>> some;
    if (auto wrong = read(request, some); !wrong.empty()) errors_.push_back(std::move(wrong));
    if (how.keep) {
      for (auto& [stream, entries] : some)
        streams_[stream].insert(streams_[stream].end(), entries.begin(), entries.end());
    }
    if (how.hang) return hanging_.push_back(to);
  }
  to->respond(how.status, "text/plain", how.words);
}

std::map<std::string, std::vector<loki_receiver::entry>> loki_receiver::streams() const {
  std::lock_guard lock(mutex_);
  return streams_;
}

std::vector<std::string> loki_receiver::lines(const std::string& stream) const {
  std::vector<std::string> all;
  std::lock_guard lock(mutex_);
  if (const auto at = streams_.find(stream); at != streams_.end()) {
    for (const auto& one : at->second)
      all.push_back(one.line);
  }
  return all;
}

int loki_receiver::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<std::string> loki_receiver::errors() const {
  std::lock_guard lock(mutex_);
  return errors_;
}

}  // namespace troupe::testing
