#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "protocol/http/server.hpp"
#include "protocol/telemetry/result.hpp"

namespace troupe::http {

/// A context for the server's side of TLS; reads the files. Errors name the option and the file.
[[nodiscard]] result<std::shared_ptr<boost::asio::ssl::context>> server_context(const server_tls& options);

}  // namespace troupe::http
