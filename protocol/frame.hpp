// Frames: a big-endian int32 size, then that many bytes. Putting the size before an encoded
// message; server/frame_reader.hpp takes frames off a stream.
#pragma once

#include "protocol/wire.hpp"

namespace millrace {

/// Puts the room for a frame's size; `finish_frame` fills it in with what has been put since.
/// REQUIRES: the writer is empty.
void start_frame(Writer& writer);
void finish_frame(Writer& writer);

}  // namespace millrace
