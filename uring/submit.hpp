// From an IoRequest to the kernel: the one switch that knows how each wish is carried out.
#pragma once

#include "core/runtime/world.hpp"
#include "uring/ring.hpp"

#include <optional>

namespace millrace {

/// Queues the operation on the ring and returns nothing, or carries out at once what has no ring
/// operation and returns its result (a value or a negated errno). REQUIRES: it can't block.
std::optional<std::int32_t> start(Ring& ring, Operation& operation);

/// Queues a connect whose first half (uring/blocking.hpp) gave the socket `handle`.
void start_connect(Ring& ring, Operation& operation, std::int32_t handle);

/// What a completion's result means to the domain, for kinds whose last step is not the kernel's:
/// a connected socket gets its options, a connect yields the handle. Nothing when a further step is
/// on the ring.
std::optional<std::int32_t> finish(Ring& ring, Operation& operation, std::int32_t result);

}  // namespace millrace
