#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace troupe::testing {

/// An OTLP server over gRPC that remembers every span, and answers as it is told.
class otlp_receiver {
 public:
  struct tls {
    std::string cert_pem, key_pem;
  };
  /// Without `secure`: no TLS. Port 0: any.
  explicit otlp_receiver(const tls* secure = nullptr, int port = 0);
  ~otlp_receiver();
  otlp_receiver(const otlp_receiver&) = delete;

  [[nodiscard]] int port() const;
  [[nodiscard]] std::string endpoint() const { return "127.0.0.1:" + std::to_string(port()); }

  struct answer {
    int code = 0;
    std::string message{};
    std::int64_t retry_after_ms = 0;  ///< 0: no RetryInfo
    std::int64_t rejected = 0;        ///< a partial success
    bool keep = true;                 ///< whether the spans count as received
    bool hang = false;                ///< until the client gives up
  };
  void answers(std::function<answer(int request)> how);

  struct span {
    std::string trace, id, parent, name;  ///< ids in hexadecimal
    std::uint64_t start_ns = 0, end_ns = 0;
    std::map<std::string, std::string> attributes, resource;
    bool failed = false;
  };
  [[nodiscard]] std::vector<span> spans() const;
  [[nodiscard]] int requests() const;
  [[nodiscard]] std::vector<std::size_t> sizes() const;               ///< spans in each request that was kept
  [[nodiscard]] std::map<std::string, std::string> metadata() const;  ///< of the last request

 private:
  struct inside;
  std::unique_ptr<inside> inside_;
};

}  // namespace troupe::testing
