// A file's range onto a socket without the ring thread ever waiting: what the page cache has is
// sent, and a full socket is waited for on the ring.
#pragma once

#include "core/runtime/world.hpp"
#include "uring/ring.hpp"

#include <optional>

namespace millrace {

/// As start() in uring/submit.hpp, for IoKind::kSendFile.
std::optional<std::int32_t> start_send_file(Ring& ring, Operation& operation);
/// The next step after a completion; its result, or nothing when there is one more on the ring.
std::optional<std::int32_t> continue_send_file(Ring& ring, Operation& operation,
                                               std::int32_t result);

}  // namespace millrace
