// Requests that have no ring operation: those that never wait are carried out at once, those that
// may wait for a disk or a name server go to the helper thread.
#pragma once

#include "core/runtime/world.hpp"

#include <optional>

namespace millrace {

/// For the helper thread: it may wait for a disk or a name server.
bool may_block(const IoRequest& request);

/// Carries out a request that may block; the result is a value or a negated errno. Of a connect
/// only the first half: the address goes into the operation's scratch space, its length into
/// `size`, and the result is the socket that is still to be connected.
std::int32_t carry_out_blocking(Operation& operation);

/// The result of a request that is carried out here and now; nothing when the kind has a ring
/// operation.
std::optional<std::int32_t> carry_out_at_once(const IoRequest& request);

}  // namespace millrace
