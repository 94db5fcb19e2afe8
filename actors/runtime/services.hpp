#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "actors/runtime/clocks.hpp"

namespace troupe::http {
class client;
}

namespace troupe::runtime {

class event_bus;
class own_metrics;
class blocking_pool;
class tracer;

/// What the whole collector shares; outlives every component.
struct services {
  http::client& http;
  event_bus& events;
  own_metrics& metrics;
  tracer& tracing;
  blocking_pool& blocking;
  const clocks& time;
  std::filesystem::path storage;                ///< --storage.path
  std::function<std::string()> listen_address;  ///< of the HTTP server, as bound
  std::string memory_address;                   ///< the name under which targets of this process are known
  std::string instance;                         ///< the host's name, "unknown" where there is none
  std::string user_agent;
  std::string uid{};             ///< of this collector, over restarts; empty: none
  bool sync_each_batch = false;  ///< --storage.sync=always: a writer's batch is settled when the disk has it for good
};

}  // namespace troupe::runtime
