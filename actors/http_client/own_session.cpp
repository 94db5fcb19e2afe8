#include "actors/http_client/own_session.hpp"

#include <utility>

namespace troupe::http_client {

result<void> own_session::open(http::client_options options) {
  options.user_agent = shared_.user_agent;
  auto session = shared_.http.open(std::move(options));
  if (!session) return tl::unexpected(session.error());
  session_ = std::move(*session);
  return {};
}

}  // namespace troupe::http_client
