#pragma once

#include <future>
#include <memory>
#include <string>

#include "protocol/http/client.hpp"
#include "tests/catch.hpp"

namespace troupe::testing {

/// Opens a session that must open.
inline std::shared_ptr<http::session> open(http::client& client, http::client_options options = {}) {
  auto made = client.open(std::move(options));
  if (!made) FAIL(made.error().message);
  return *made;
}

inline std::future<http::response> send(http::client& client, const std::shared_ptr<http::session>& via,
                                        http::request what) {
  auto promise = std::make_shared<std::promise<http::response>>();
  auto future = promise->get_future();
  client.submit(via, std::move(what), [promise](http::response&& r) { promise->set_value(std::move(r)); });
  return future;
}

/// Waits for the answer; a request that never ends fails the test.
inline http::response wait(std::future<http::response>& future) {
  if (future.wait_for(std::chrono::seconds(30)) != std::future_status::ready) FAIL("no answer within 30 s");
  return future.get();
}

inline http::response fetch(http::client& client, const std::shared_ptr<http::session>& via, http::request what) {
  auto future = send(client, via, std::move(what));
  return wait(future);
}

inline http::request get(std::string url, std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
  http::request out;
  out.url = std::move(url);
  out.timeout = timeout;
  return out;
}

}  // namespace troupe::testing
