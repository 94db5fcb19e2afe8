#pragma once

#include <utility>

#include "actors/http_client/arguments.hpp"
#include "actors/http_client/own_session.hpp"

namespace troupe::http_client {

/// Whether a client with these could be opened now: its files are there and hold what they should.
[[nodiscard]] inline result<void> check(runtime::services& shared, http::client_options options) {
  return own_session(shared).open(std::move(options));
}

/// The same of all endpoints of a writer; each has a `client`.
template <class Endpoints>
[[nodiscard]] result<void> check_each(runtime::services& shared, const Endpoints& endpoints) {
  for (const auto& one : endpoints) {
    if (auto ok = check(shared, to_options(one.client)); !ok) return ok;
  }
  return {};
}

}  // namespace troupe::http_client
