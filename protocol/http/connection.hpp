#pragma once

#include <utility>  // Boost 1.74's awaitable.hpp forgets it.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>

#include "protocol/http/answer.hpp"
#include "protocol/http/server.hpp"

namespace troupe::http {

namespace asio = boost::asio;
using tls_context = std::shared_ptr<asio::ssl::context>;

/// What a server tells about who may connect and who may ask; replaced as a whole.
struct security {
  tls_context tls;  // null: plain
  std::optional<server_auth> auth;
};

class connection_base;

/// What all connections of a server share. The server's thread only, but for `secured` and the counts.
struct connection_host {
  asio::io_context& io;
  const server_limits limits;
  const request_handler handler;
  bool stopping = false;
  std::list<connection_base*> open;
  std::function<void()> all_gone;  // called when the last of them ends
  std::atomic<std::uint64_t> connections{0}, accepted{0}, refused{0}, requests{0};

  connection_host(asio::io_context& i, const server_limits& l, request_handler h)
      : io(i), limits(l), handler(std::move(h)) {}

  [[nodiscard]] std::shared_ptr<const security> secured() const {
    const std::lock_guard lock(mutex_);
    return secured_;
  }
  void secure(std::shared_ptr<const security> with) {
    const std::lock_guard lock(mutex_);
    secured_ = std::move(with);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const security> secured_;
};

/// One peer, seen by the server.
class connection_base {
 public:
  connection_base(connection_host& host, tls_context tls) : host_(host), tls_(std::move(tls)) {
    place_ = host_.open.insert(host_.open.end(), this);
    ++host_.connections;
  }
  virtual ~connection_base() {
    host_.open.erase(place_);
    --host_.connections;
    if (host_.open.empty() && host_.all_gone) host_.all_gone();
  }
  connection_base(const connection_base&) = delete;

  /// Ends it now, in the middle of whatever it does.
  virtual void close_now() = 0;

  /// For when the server's thread is gone: answers that come from now on touch nothing of the server.
  void forget_answer() {
    if (answering_) answering_->forget();
  }

  /// Nothing of a request has come.
  [[nodiscard]] bool idle() const { return idle_; }
  /// Since when it waits for a request, or for the rest of one; nothing: it has a whole one, and answers it.
  [[nodiscard]] const std::optional<std::chrono::steady_clock::time_point>& waiting_since() const {
    return waiting_since_;
  }
  [[nodiscard]] bool closing() const { return closing_; }
  [[nodiscard]] const tls_context& tls() const { return tls_; }

 protected:
  connection_host& host_;
  const tls_context tls_;
  bool idle_ = false;
  bool closing_ = false;
  std::optional<std::chrono::steady_clock::time_point> waiting_since_ = std::chrono::steady_clock::now();
  std::shared_ptr<pending_answer> answering_;

 private:
  std::list<connection_base*>::iterator place_;
};

/// Starts to serve a peer; each lives in a file of its own, as Beast compiles slowly.
void serve_plain(connection_host& host, asio::ip::tcp::socket socket);
void serve_tls(connection_host& host, asio::ip::tcp::socket socket, tls_context context);

}  // namespace troupe::http
