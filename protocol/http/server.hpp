#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/telemetry/result.hpp"

namespace troupe::http {

using header_fields = std::vector<std::pair<std::string, std::string>>;

struct server_request {
  std::string method;
  std::string path;                                        ///< decoded, starts with '/'
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order, names may repeat
  header_fields headers;
  std::string body;
  std::string remote_address;  ///< "127.0.0.1:40312"

  /// The first of that name, or empty. Header names in any case.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] std::string_view parameter(std::string_view name) const;
};

/// Answers one request, once, from any thread, now or later. Dropped without an answer it answers 500.
class responder {
 public:
  virtual ~responder() = default;

  /// The whole answer; compressed where it pays and the client accepts gzip. A second answer is ignored.
  virtual void respond(int status, std::string_view content_type, std::string body, header_fields headers = {}) = 0;

  /// A body in pieces: begin, send any number, end. `send` answers false when the peer is gone, or when it is so slow
  /// that more than server_limits::stream_buffer_bytes would wait for it: that piece was not taken.
  virtual void begin(int status, std::string_view content_type, header_fields headers = {}) = 0;
  [[nodiscard]] virtual bool send(std::string_view piece) = 0;
  virtual void end() = 0;
};

/// Called on the server's thread: must not block. An exception answers 500.
using request_handler = std::function<void(const server_request&, std::shared_ptr<responder>)>;

struct server_limits {
  /// At the limit the connection goes that has waited longest for (the rest of) a request; the new one gets 503 where
  /// all are being answered.
  std::size_t max_connections = 256;
  std::size_t header_bytes = 16 << 10;
  std::size_t body_bytes = 1 << 20;
  std::size_t stream_buffer_bytes = 1 << 20;
  std::chrono::milliseconds read_timeout{30'000};   ///< for the whole head, and again for the whole body
  std::chrono::milliseconds write_timeout{30'000};  ///< for a whole answer, or one piece of a stream
  std::chrono::milliseconds idle_timeout{120'000};
  std::chrono::milliseconds answer_timeout{120'000};  ///< for the handler to answer or begin; then 503
};

/// Whether a client must or may show a certificate: Go's names of the `http` block.
struct server_tls {
  std::string cert_file{}, cert_pem{};
  std::string key_file{}, key_pem{};
  std::string client_ca_file{}, client_ca_pem{};
  std::string client_auth_type = "NoClientCert";  ///< RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven,
                                                  ///< RequireAndVerifyClientCert
  std::string min_version{}, max_version{};       ///< TLS10 … TLS13
  std::vector<std::string> cipher_suites{};       ///< by their IANA names, TLS 1.2 and below
  std::vector<std::string> curve_preferences{};   ///< CurveP256, CurveP384, CurveP521, X25519
};

/// Basic authentication of the paths that start with one of `paths`, or, without authenticate_matching_paths, of all
/// but those.
struct server_auth {
  std::string username{}, password{};
  std::vector<std::string> paths{};
  bool authenticate_matching_paths = false;
};

struct server_options {
  std::string address = "127.0.0.1:12345";  ///< host:port, [ipv6]:port or :port (all addresses); port 0: any free one
  server_limits limits{};
  std::optional<server_tls> tls{};
  std::optional<server_auth> auth{};
};

struct server_counts {
  std::uint64_t connections = 0, connections_accepted = 0, connections_refused = 0, requests = 0;
};

/// An HTTP/1.1 server with one thread of its own.
class server {
 public:
  /// Listens when it returns. Errors name the address and the reason: in use, not ours, permission, unresolvable.
  [[nodiscard]] static result<std::unique_ptr<server>> listen(server_options options, request_handler handler);
  ~server();  ///< stops
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string address() const;  ///< as bound: "127.0.0.1:40312"

  /// Replaces TLS and authentication of a running server; on an error the old ones stay. Authentication holds from the
  /// next request; connections made with other TLS settings end after their current request.
  [[nodiscard]] result<void> secure(const std::optional<server_tls>& tls, std::optional<server_auth> auth);

  /// Closes everything: what is being answered gets up to `grace` to finish. Joins the thread. May be called again.
  void stop(std::chrono::milliseconds grace = std::chrono::milliseconds{1000});

  [[nodiscard]] server_counts counts() const;

 private:
  struct state;
  explicit server(std::unique_ptr<state> inside);
  std::unique_ptr<state> state_;
};

}  // namespace troupe::http
