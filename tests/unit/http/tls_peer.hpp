#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <thread>

#include "tests/imposter.hpp"
#include "tests/unit/http/certificates.hpp"

namespace troupe::testing {

/// A TLS server that takes whatever OpenSSL can, and answers each request with what was agreed on, as it sees it:
/// "TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256 X25519". One connection at a time, one request on each.
class tls_peer {
 public:
  explicit tls_peer(const certificate& own) : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set1_groups_list(context_.get(), "X25519:P-256:P-384:P-521");
    const auto cert = own.cert_pem(), key = own.key_pem();
    use(cert, [this](BIO* bio) {
      X509* read = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
      SSL_CTX_use_certificate(context_.get(), read);
      X509_free(read);
    });
    use(key, [this](BIO* bio) {
      EVP_PKEY* read = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
      SSL_CTX_use_PrivateKey(context_.get(), read);
      EVP_PKEY_free(read);
    });
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listener_, 16);
    socklen_t length = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~tls_peer() {
    stopping_ = true;
    thread_.join();
    close(listener_);
  }
  tls_peer(const tls_peer&) = delete;

  [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  template <class Use>
  static void use(const std::string& pem, Use&& then) {
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    then(bio.get());
  }

  void run() const {
    while (!stopping_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (poll(&waiting, 1, 20) <= 0) continue;
      const int peer = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (peer < 0) continue;
      const timeval patience{10, 0};
      setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      serve(peer);
      close(peer);
    }
  }

  void serve(int peer) const {
    const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context_.get()), SSL_free);
    SSL_set_fd(ssl.get(), peer);
    if (SSL_accept(ssl.get()) != 1) return;
    std::string request;
    while (request.find("\r\n\r\n") == std::string::npos) {
      char piece[4096];
      const int count = SSL_read(ssl.get(), piece, sizeof piece);
      if (count <= 0) return;
      request.append(piece, static_cast<std::size_t>(count));
    }
    const char* group = OBJ_nid2sn(static_cast<int>(SSL_get_negotiated_group(ssl.get())));
    const auto answer = http_answer("200 OK",
                                    std::string(SSL_get_version(ssl.get())) + " " + SSL_get_cipher(ssl.get()) + " " +
                                        (group == nullptr ? "none" : group),
                                    "Connection: close\r\n");
    SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size()));
    SSL_shutdown(ssl.get());
  }

  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  const int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace troupe::testing
