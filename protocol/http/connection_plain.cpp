#include "protocol/http/connection_loop.hpp"

namespace troupe::http {

void serve_plain(connection_host& host, asio::ip::tcp::socket socket) {
  std::make_shared<connection<asio::ip::tcp::socket>>(host, std::move(socket), nullptr)->start();
}

}  // namespace troupe::http
