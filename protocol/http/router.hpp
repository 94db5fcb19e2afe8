#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/http/server.hpp"

namespace troupe::http {

/// Which handler a request goes to: an exact path first, else the longest prefix. No match: 404; a path with other
/// methods only: 405 with `Allow`. HEAD goes where GET goes. Fill it before the server starts; then it is read by one
/// thread.
class router {
 public:
  void add(std::string_view method, std::string path, request_handler handler);
  void add_prefix(std::string_view method, std::string prefix, request_handler handler);

  void operator()(const server_request& request, std::shared_ptr<responder> answer) const;

 private:
  using methods = std::map<std::string, request_handler, std::less<>>;
  [[nodiscard]] const methods* find(std::string_view path) const;

  std::map<std::string, methods, std::less<>> exact_;
  std::vector<std::pair<std::string, methods>> prefixes_;  // longest first
};

}  // namespace troupe::http
