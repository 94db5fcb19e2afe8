#pragma once

#include <functional>
#include <memory>

#include "actors/runtime/services.hpp"
#include "protocol/http/client.hpp"

namespace troupe::http_client {

/// The session of one component, or of one of its endpoints, on the client that all share. When it goes, its requests
/// are cancelled.
class own_session {
 public:
  explicit own_session(runtime::services& shared) : shared_(shared) {}
  ~own_session() { cancel_all(); }
  own_session(const own_session&) = delete;

  /// New connections from the next request on; the user agent is the collector's. On an error the old ones stay.
  [[nodiscard]] result<void> open(http::client_options options);
  [[nodiscard]] bool is_open() const { return session_ != nullptr; }
  /// As http::client::submit(); it must be open.
  http::request_id submit(http::request what, std::function<void(http::response&&)> done) {
    return shared_.http.submit(session_, std::move(what), std::move(done));
  }
  void cancel_all() {
    if (session_) shared_.http.cancel_all(session_);
  }

 private:
  runtime::services& shared_;
  std::shared_ptr<http::session> session_;
};

}  // namespace troupe::http_client
