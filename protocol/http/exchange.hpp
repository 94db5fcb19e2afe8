#pragma once

#include <utility>  // Boost 1.74's awaitable.hpp forgets it.

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <string>

#include "protocol/http/answer.hpp"
#include "protocol/http/server.hpp"

namespace troupe::http {

namespace beast = boost::beast;
using beast_request = beast::http::request<beast::http::string_body>;
using beast_response = beast::http::response<beast::http::string_body>;

/// What is wrong with bytes that a peer sent: the status to answer, and a line for people.
struct fault {
  int status = 400;
  std::string text;
};

/// Nothing: the connection itself broke, there is nobody to answer.
[[nodiscard]] std::optional<fault> fault_of(beast::error_code ec);

/// The handler's view of a request; its body is moved out. A fault: the target or the Host header is no good.
[[nodiscard]] std::optional<fault> understand(beast_request& in, server_request& out);

/// Whether the request may pass, by its path and its Authorization header.
[[nodiscard]] bool authorized(const std::optional<server_auth>& rule, const server_request& request);

[[nodiscard]] bool accepts_gzip(const server_request& request);
[[nodiscard]] bool expects_continue(const server_request& request);

/// Status line and headers of an answer, without its length.
[[nodiscard]] beast_response response_head(const pending_answer::head& head, unsigned version, bool keep_alive);

/// An answer of the server's own: plain text.
[[nodiscard]] pending_answer::head own_answer(int status, std::string text);

/// 204 and 304 have no body, whatever the handler gave.
[[nodiscard]] bool bodiless(int status);

}  // namespace troupe::http
