#pragma once

#include "protocol/http/router.hpp"

namespace troupe::app {

class collector;

/// The routes that the page asks, /api/v0/web/…: status, components, activity, taps, the configuration. This folder's
/// README documents them.
void add_web_api(http::router& to, collector& of);

/// A page of another origin made a browser ask for this; or a browser was led to it by a link. What changes something
/// is refused then. Clients that are no browsers are not concerned.
[[nodiscard]] bool asked_by_another_site(const http::server_request& request);

}  // namespace troupe::app
