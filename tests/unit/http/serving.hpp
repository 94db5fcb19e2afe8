#pragma once

// A server on loopback, and what its tests ask it with.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "protocol/http/server.hpp"
#include "tests/catch.hpp"

namespace troupe::testing {

inline constexpr auto text = "text/plain";

inline std::unique_ptr<http::server> serve(http::request_handler handler, http::server_options options = {}) {
  options.address = "127.0.0.1:0";
  auto made = http::server::listen(std::move(options), std::move(handler));
  if (!made) FAIL(made.error().message);
  return std::move(*made);
}

inline void echo(const http::server_request& r, const std::shared_ptr<http::responder>& answer) {
  std::string out = r.method + " " + r.path + "\n";
  for (const auto& [name, value] : r.query)
    out += name + "=" + value + "\n";
  answer->respond(200, text, out + r.body);
}

inline bool contains(std::string_view all, std::string_view piece) {
  return all.find(piece) != std::string_view::npos;
}

template <class Condition>
bool eventually(Condition&& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

inline std::string url(const http::server& server, std::string_view path) {
  return "http://" + server.address() + std::string(path);
}

}  // namespace troupe::testing
