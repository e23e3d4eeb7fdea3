// Frames: a big-endian int32 size, then that many bytes. Putting the size before an encoded
// message; server/frame_reader.hpp takes frames off a stream.
#pragma once

#include "protocol/wire.hpp"

namespace millrace {

/// Puts the room for a frame's size; `finish_frame` fills it in with what has been put since. A
/// frame may stand behind others: where it begins.
/// REQUIRES: the writer borrows nothing.
std::size_t start_frame(Writer& writer);
void finish_frame(Writer& writer, std::size_t begin = 0);

}  // namespace millrace
