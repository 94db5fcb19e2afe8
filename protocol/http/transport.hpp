#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/http/client.hpp"
#include "protocol/http/session.hpp"

namespace troupe::http {

using steady_time = std::chrono::steady_clock::time_point;

/// A request on its way from submit to `done`.
struct submission {
  request_id id = 0;
  std::shared_ptr<session> via;
  request what;
  std::function<void(response&&)> done;
  steady_time submitted;
  token_line token{};                        ///< what it is sent with, in a session with oauth2
  bool token_is_new = false;                 ///< it waited for just this token: a 401 is its answer
  std::shared_ptr<token_source> asks_for{};  ///< set in a request for a token; `done` is empty then
};

/// A request that ended, its answer not yet handed over.
struct completion {
  submission of;
  response answer;
};

struct transfer;

/// The connections of one session, and the curl handles that use them. Lives on the client's thread. Handles are kept
/// in a small pool, made ready for the session once; connections outlive them in curl's cache.
class transport {
 public:
  /// `epoll` gets the sockets, their events tagged with `slot` in the upper 32 bits and the descriptor in the lower.
  transport(int epoll, std::uint32_t slot, const client_limits& limits, std::shared_ptr<body_pool> bodies,
            const session& settings, std::shared_ptr<const tls_material> material);
  ~transport();
  transport(const transport&) = delete;

  /// Takes the request on its way; what cannot even start is among the next `finished`.
  void start(submission s);
  void cancel(request_id id);
  void cancel_all();

  void on_socket(int descriptor, std::uint32_t epoll_events);
  void on_timer();
  [[nodiscard]] const std::optional<steady_time>& timer() const { return timer_; }

  /// Moves what has ended since the last call to the end of `out`.
  void finished(std::vector<completion>& out);

  [[nodiscard]] std::size_t in_flight() const { return running_.size(); }
  /// Only to compare: the session may be gone.
  [[nodiscard]] const session* owner() const { return &settings_; }
  [[nodiscard]] const std::shared_ptr<const tls_material>& material() const { return material_; }
  [[nodiscard]] std::uint64_t connections_opened() const { return connections_opened_; }

 private:
  friend struct transport_callbacks;
  [[nodiscard]] std::unique_ptr<transfer> take_transfer();
  void apply_session(transfer& t);
  void end(std::unique_ptr<transfer> t, response answer);
  void watch(int descriptor, int what, bool known);

  const int epoll_;
  const std::uint32_t slot_;
  const client_limits& limits_;
  const std::shared_ptr<body_pool> bodies_;
  const session& settings_;
  const std::shared_ptr<const tls_material> material_;
  void* multi_;  // CURLM
  std::optional<steady_time> timer_;
  std::unordered_map<request_id, std::unique_ptr<transfer>> running_;
  std::vector<std::unique_ptr<transfer>> idle_;
  std::vector<completion> ended_;
  std::uint64_t connections_opened_ = 0;
};

}  // namespace troupe::http
