#include "protocol/http/connection_loop.hpp"

namespace troupe::http {

void serve_tls(connection_host& host, asio::ip::tcp::socket socket, tls_context context) {
  using stream = asio::ssl::stream<asio::ip::tcp::socket>;
  std::make_shared<connection<stream>>(host, stream(std::move(socket), *context), context)->start();
}

}  // namespace troupe::http
