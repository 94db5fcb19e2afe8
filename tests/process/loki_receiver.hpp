#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "protocol/http/server.hpp"
#include "tests/process/world.hpp"

namespace troupe::testing {

/// A Loki that remembers every entry, reads with protobuf, and answers as it is told.
class loki_receiver {
 public:
  explicit loki_receiver(std::uint16_t port = 0);
  [[nodiscard]] std::string url() const { return "http://" + server_->address() + "/loki/api/v1/push"; }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }

  struct answer {
    int status = 204;
    std::string words{};
    bool keep = true;  ///< whether entries of a push answered so count as received
    bool hang = false;
  };
  void answers(std::function<answer(int request)> how);

  struct entry {
    std::int64_t timestamp_ns = 0;
    std::string line;
    std::map<std::string, std::string> metadata{};
  };
  /// By selector, in the order in which they came; with a tenant, `tenant/{…}`.
  [[nodiscard]] std::map<std::string, std::vector<entry>> streams() const;
  [[nodiscard]] std::vector<std::string> lines(const std::string& stream = "{component=\"alloy\"}") const;
  [[nodiscard]] int requests() const;
  [[nodiscard]] std::vector<std::string> errors() const;  ///< pushes that could not be decoded, wrong headers

 private:
  void take(const http::server_request& request, const std::shared_ptr<http::responder>& to);
  [[nodiscard]] std::string read(const http::server_request& request, std::map<std::string, std::vector<entry>>& into);
  mutable std::mutex mutex_;
  std::function<answer(int)> how_;
  std::map<std::string, std::vector<entry>> streams_;
  std::vector<std::string> errors_;
  std::vector<std::shared_ptr<http::responder>> hanging_;
  int requests_ = 0;
  std::unique_ptr<http::server> server_;
};

}  // namespace troupe::testing
