#pragma once

// All actor interfaces of the collector. CAF is included by this header and the .cpp files of this folder only.

#include <caf/event_based_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <functional>

#include "actors/runtime/cell.hpp"

namespace troupe::runtime {

/// Something to run in an actor: an answer from a client's thread, an order from the controller.
struct posted {
  std::function<void()> run;
};
/// A timer went off; of an older generation: it no longer counts.
struct wake_up {
  std::uint64_t generation = 0;
};
/// The actor leaves; its host has been stopped before.
struct leave {};

/// Drives one host: batches and acknowledgements of its edges, what was posted to it, its timers.
using cell_actor =
    caf::typed_actor<caf::reacts_to<edge_mail>, caf::reacts_to<posted>, caf::reacts_to<wake_up>, caf::reacts_to<leave>>;

/// Has a thread of its own and runs what is posted to it: the controller.
using detached_actor = caf::typed_actor<caf::reacts_to<posted>, caf::reacts_to<leave>>;

}  // namespace troupe::runtime

// None of these leaves the node as it is: what crosses nodes is encoded into bytes by us.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::runtime::edge_mail)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::runtime::posted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::runtime::wake_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::runtime::leave)
