#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/http/body.hpp"
#include "protocol/http/options.hpp"
#include "protocol/telemetry/result.hpp"

namespace troupe::http {

/// The body limit of a request that names none, and the most that one may name.
inline constexpr std::uint64_t default_body_limit = std::uint64_t{64} << 20;
inline constexpr std::uint64_t largest_body_limit = std::uint64_t{1} << 30;

struct request {
  std::string method = "GET";
  std::string url{};  ///< absolute, http or https
  std::vector<std::pair<std::string, std::string>> headers{};
  std::shared_ptr<const std::string> body{};  ///< may be shared by retries; null: none
  std::chrono::milliseconds timeout{10'000};  ///< from submit to the last byte, redirects included
  std::uint64_t max_body_bytes = 0;           ///< of the body as delivered, that is, inflated; 0: default_body_limit
  bool accept_gzip = false;                   ///< asks for gzip; what comes as gzip is inflated either way
  std::string unix_socket{};                  ///< path of a socket to connect to in place of the URL's host
};

enum class failure_kind : std::uint8_t {
  none,
  invalid_request,  ///< never sent: malformed URL, header or unreadable credentials
  refused,          ///< no connection: refused, unreachable, proxy refused
  timeout,
  dns,
  tls,
  reset,  ///< closed before the answer was whole
  too_large,
  bad_encoding,  ///< body is not the gzip it says it is
  redirect_loop,
  protocol,  ///< not HTTP, garbage in headers or chunks, headers beyond the limits
  cancelled,
  unauthorized,  ///< never sent: oauth2 gave no token
};
inline constexpr std::size_t failure_kinds = 13;
[[nodiscard]] std::string_view to_string(failure_kind kind);

struct response {
  int status = 0;  ///< any; a 404 or 500 is an answer, not a failure
  failure_kind failure = failure_kind::none;
  std::string error;             ///< empty, or "GET http://host:port/path: connection refused", with no password in it
  http::body body;               ///< inflated; empty unless `failure` is none
  std::uint64_t wire_bytes = 0;  ///< body bytes received, compressed as they came
  std::chrono::nanoseconds duration{0};  ///< from submit
  std::string header_lines;              ///< of the last answer, CR LF terminated; at most 64 KiB

  [[nodiscard]] bool ok() const { return failure == failure_kind::none; }
  /// The first header of that name (any case), trimmed; empty where there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// A client_options made ready once, with its own connections: requests of different sessions never share one. Dropping
/// the last reference closes them. Any thread.
class session;

using request_id = std::uint64_t;

struct client_limits {
  std::size_t max_in_flight = 2048;         ///< beyond it requests wait their turn, their time-out running
  std::size_t max_idle_connections = 4096;  ///< per session
  std::size_t pooled_body_bytes = std::size_t{512} << 10;
  std::size_t receive_buffer_bytes = std::size_t{32} << 10;  ///< per request in flight, not per connection
};

/// Requests for tokens are counted where connections and what is in flight are, and nowhere else.
struct client_counts {
  std::uint64_t in_flight = 0, waiting = 0;
  std::uint64_t submitted = 0, completed = 0;
  std::array<std::uint64_t, failure_kinds> by_failure{};  ///< index: failure_kind; sums to `completed`
  std::uint64_t connections_opened = 0;
  std::uint64_t wire_bytes = 0;
};

/// HTTP requests from any thread, carried out by one thread of its own. Connections are kept alive and shared by all
/// requests of a session; nothing is retried but a request that met a kept connection already closed by the peer, and,
/// with oauth2, one whose token turns out to be refused.
class client {
 public:
  explicit client(client_limits limits = {});
  /// Cancels what is in flight, calls what is owed, joins.
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Validates, and reads the files of TLS; fails when one can't be read or holds no certificate or key. Files of
  /// secrets are read for each request: one that isn't there yet fails requests only.
  [[nodiscard]] result<std::shared_ptr<session>> open(client_options options);

  /// `done` is called exactly once, on the client's thread: keep it short, and throw nothing from it. It may submit
  /// again.
  request_id submit(const std::shared_ptr<session>& via, request what, std::function<void(response&&)> done);

  /// The request ends with failure_kind::cancelled, unless it has ended already.
  void cancel(request_id id);
  /// All of a session's requests in flight or waiting.
  void cancel_all(const std::shared_ptr<session>& of);

  [[nodiscard]] client_counts counts() const;

 private:
  class thread;
  std::unique_ptr<thread> thread_;
};

}  // namespace troupe::http
