#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace troupe::testing {

/// What an imposter does with one connection, byte by byte. Steps run in order; after the last one the connection is
/// closed. Every step gives up when the peer has gone or the imposter is being destroyed.
class script {
 public:
  using milliseconds = std::chrono::milliseconds;

  /// Reads one request: its head and as much body as Content-Length says.
  script& request() { return step(kind::request); }
  script& send(std::string bytes) { return step(kind::send, std::move(bytes)); }
  /// The same bytes again and again, `count` times: large bodies without large memory.
  script& repeat(std::string bytes, std::uint64_t count) { return step(kind::send, std::move(bytes), count); }
  /// One byte each `every`.
  script& drip(std::string bytes, milliseconds every) { return step(kind::drip, std::move(bytes), 1, every); }
  script& pause(milliseconds duration) { return step(kind::pause, {}, 1, duration); }
  /// Neither answers nor closes, until the peer does.
  script& hang() { return step(kind::hang); }
  /// Closes with RST instead of FIN.
  script& reset() { return step(kind::reset); }
  /// From here: reads requests until the peer closes and answers each with what `answer` makes of it (raw bytes).
  script& serve(std::function<std::string(const std::string& request)> answer) {
    step(kind::serve);
    steps_.back().answer = std::move(answer);
    return *this;
  }

 private:
  friend class imposter;
  enum class kind : std::uint8_t { request, send, drip, pause, hang, reset, serve };
  struct action {
    kind what;
    std::string bytes;
    std::uint64_t count;
    milliseconds time;
    std::function<std::string(const std::string&)> answer;
  };

  script& step(kind what, std::string bytes = {}, std::uint64_t count = 1, milliseconds time = {}) {
    steps_.push_back({what, std::move(bytes), count, time, {}});
    return *this;
  }

  std::vector<action> steps_;
};

/// "HTTP/1.1 STATUS\r\n" with a Content-Length and whatever headers are given ("A: b\r\n" each).
inline std::string http_answer(std::string_view status, std::string_view body, std::string_view headers = {}) {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

/// A TCP server on a free loopback port that does to its clients what scripts say; remembers every request's bytes. One
/// thread per connection.
class imposter {
 public:
  imposter() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listener_, 512);
    socklen_t length = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  explicit imposter(script every) : imposter() { always(std::move(every)); }

  ~imposter() {
    stopping_ = true;
    acceptor_.join();
    for (auto& each : threads_)
      each.join();
    close(listener_);
  }
  imposter(const imposter&) = delete;
  imposter& operator=(const imposter&) = delete;

  /// For each connection that has no script of its own.
  void always(script every) {
    const std::lock_guard lock(mutex_);
    always_ = std::move(every);
  }
  /// For the next connection that has none yet; may be called several times.
  void next(script once) {
    const std::lock_guard lock(mutex_);
    next_.push_back(std::move(once));
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string url(std::string_view path = "/metrics") const {
    return "http://" + address() + std::string(path);
  }

  [[nodiscard]] std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  [[nodiscard]] std::size_t connections() const {
    const std::lock_guard lock(mutex_);
    return threads_.size();
  }
  /// Connections whose peer has not closed yet and whose script is not at its end.
  [[nodiscard]] std::size_t open_connections() const { return open_.load(); }
  /// False when it took longer than the deadline.
  [[nodiscard]] bool wait_for_requests(std::size_t count,
                                       std::chrono::milliseconds deadline = std::chrono::seconds(10)) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, deadline, [&] { return requests_.size() >= count; });
  }

 private:
  using kind = script::kind;

  void accept_all() {
    while (!stopping_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (poll(&waiting, 1, 20) <= 0) continue;
      const int peer = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (peer < 0) continue;
      const int on = 1;
      setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const std::lock_guard lock(mutex_);
      script todo = always_;
      if (!next_.empty()) {
        todo = std::move(next_.front());
        next_.pop_front();
      }
      ++open_;
      threads_.emplace_back([this, peer, todo = std::move(todo)] {
        std::string unread;
        for (const auto& each : todo.steps_) {
          if (!act(peer, each, unread)) break;
        }
        close(peer);
        --open_;
      });
    }
  }

  bool act(int peer, const script::action& what, std::string& unread) {
    switch (what.what) {
      case kind::request:
        return !read_request(peer, unread).empty();
      case kind::send:
        for (std::uint64_t i = 0; i < what.count; ++i) {
          if (!write_all(peer, what.bytes)) return false;
        }
        return true;
      case kind::drip:
        for (const char byte : what.bytes) {
          if (!write_all(peer, {&byte, 1}) || !linger(peer, what.time)) return false;
        }
        return true;
      case kind::pause:
        return linger(peer, what.time);
      case kind::hang:
        while (linger(peer, std::chrono::hours(1)))
          continue;
        return false;
      case kind::reset: {
        const ::linger abort{1, 0};
        setsockopt(peer, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
        return false;
      }
      case kind::serve:
        while (true) {
          const auto request = read_request(peer, unread);
          if (request.empty() || !write_all(peer, what.answer(request))) return false;
        }
    }
    return false;
  }

  // Empty: the peer closed before a whole request.
  std::string read_request(int peer, std::string& unread) {
    const auto need = [&]() -> std::size_t {
      const auto head = unread.find("\r\n\r\n");
      if (head == std::string::npos) return std::string::npos;
      std::size_t body = 0;
      for (const char* name : {"Content-Length:", "content-length:"}) {
        const auto at = unread.find(name);
        if (at < head) body = std::stoul(unread.substr(at + 15));
      }
      return head + 4 + body;
    };
    std::size_t length = 0;
    while ((length = need()) == std::string::npos || unread.size() < length) {
      char piece[65536];
      if (!ready(peer, POLLIN)) return {};
      const auto count = recv(peer, piece, sizeof piece, 0);
      if (count <= 0) return {};
      unread.append(piece, static_cast<std::size_t>(count));
    }
    std::string request = unread.substr(0, length);
    unread.erase(0, length);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    changed_.notify_all();
    return request;
  }

  bool write_all(int peer, std::string_view bytes) {
    while (!bytes.empty()) {
      if (!ready(peer, POLLOUT)) return false;
      const auto count = ::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0 && errno == EAGAIN) continue;
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  // Waits until the descriptor is ready; false when the imposter is to stop.
  bool ready(int peer, short events) const {
    while (!stopping_) {
      pollfd waiting{peer, events, 0};
      if (poll(&waiting, 1, 20) > 0) return true;
    }
    return false;
  }

  // Waits; false when the peer closed meanwhile or the imposter is to stop.
  bool linger(int peer, std::chrono::milliseconds duration) const {
    const auto end = std::chrono::steady_clock::now() + duration;
    while (!stopping_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
      if (left <= 0) return true;
      pollfd waiting{peer, POLLRDHUP, 0};
      if (poll(&waiting, 1, static_cast<int>(left < 20 ? left : 20)) > 0) return false;
    }
    return false;
  }

  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> open_{0};
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  script always_;
  std::deque<script> next_;
  std::vector<std::string> requests_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace troupe::testing
