#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/runtime/component_view.hpp"
#include "actors/runtime/engine.hpp"
#include "protocol/http/server.hpp"

namespace troupe::app {

/// Items in a stream end with it (Alloy's).
inline constexpr std::string_view tap_separator = "|;|";
/// Beyond it a second's items are counted, not shown.
inline constexpr std::size_t max_tapped_items = 1000;

struct tap_request {
  std::string edge;        ///< only what comes from or goes to this component; empty: all
  double probability = 1;  ///< with which an item is shown
};

/// Nothing where the component has that edge, else what to tell somebody who asks for it.
[[nodiscard]] std::optional<std::string> missing_edge(const std::vector<runtime::component_view>& all,
                                                      const std::string& id, const std::string& edge);

/// Shows what goes through a component, once a second, until the client goes, reads too slowly for long, or the
/// component ends.
void stream_tap(runtime::engine& actors, const std::shared_ptr<runtime::host>& of, const tap_request& what,
                std::shared_ptr<http::responder> answer);

}  // namespace troupe::app
