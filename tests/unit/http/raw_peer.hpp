#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::testing {

/// A client that sends what it is told, byte for byte.
class raw_peer {
 public:
  explicit raw_peer(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  ~raw_peer() { close(socket_); }
  raw_peer(const raw_peer&) = delete;

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return connected_;
  }
  void finish() { shutdown(socket_, SHUT_WR); }

  /// Reads until `text` has come, the peer closed, or 10 s are over; answers everything that came since the last call.
  std::string read_until(std::string_view text) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    std::string out;
    while (std::chrono::steady_clock::now() < end && (text.empty() || out.find(text) == std::string::npos)) {
      char piece[65536];
      pollfd waiting{socket_, POLLIN, 0};
      if (poll(&waiting, 1, 100) <= 0) continue;
      const auto count = recv(socket_, piece, sizeof piece, 0);
      closed_ = count <= 0;
      if (closed_) break;
      out.append(piece, static_cast<std::size_t>(count));
    }
    return out;
  }
  std::string read_to_end() { return read_until(""); }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  const int socket_;
  bool connected_ = false;
  bool closed_ = false;
};

}  // namespace troupe::testing
