#include "actors/app/shown_diagnostics.hpp"

#include "config/redact.hpp"

namespace troupe::app {

std::string shown(const config::diagnostics& all, const runtime::registry& kinds, bool colour) {
  config::secrecy hidden;
  for (const auto& [name, one] : kinds.all())
    hidden.add(name, *one.schema);
  return config::pretty(all, hidden, {.colour = colour});
}

}  // namespace troupe::app
