#pragma once

#include <memory>
#include <string>

#include "protocol/http/server.hpp"

namespace troupe::app {

/// Answers with a file of the page: one below `assets/`, or, for each address that the page has for one of its views,
/// the page itself, which asks for its files below `prefix`. Nothing on it comes from elsewhere, and nothing is run but
/// its own files (Content-Security-Policy). False: no such address.
bool serve_page(const std::string& prefix, const http::server_request& request,
                const std::shared_ptr<http::responder>& answer);

}  // namespace troupe::app
