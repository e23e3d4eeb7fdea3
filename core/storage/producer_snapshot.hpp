// A log's producers as a file in Kafka's format (`<offset>.snapshot`): what is known of all batches
// below the offset in its name.
//
// Kafka writes the newest batch of each producer and, of several entries for one, believes the last
// when it reads. So all five are written here, oldest first: a Java broker finds what it would have
// written, and this one its whole window.
#pragma once

#include "core/storage/producer_state.hpp"

namespace millrace {

/// 128 Ki producers with five batches each are 30 MB; a Java broker has no limit.
inline constexpr std::size_t kSnapshotBytesMax = 256 << 20;

/// The bytes of a snapshot file.
Bytes format_producers(const ProducerState& state);
/// kMalformed for another version, a wrong checksum or count.
Result<ProducerState> parse_producers(ByteView bytes);

}  // namespace millrace
