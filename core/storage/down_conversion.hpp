// Batches of magic 2 as messages, for consumers from before Kafka 0.11.
#pragma once

#include "core/runtime/part.hpp"
#include "core/storage/decompressor.hpp"
#include "core/storage/record_batch.hpp"

namespace millrace {

/// What an old consumer asked for.
struct OldFormat {
    std::int8_t magic{};      // 0 or 1
    Offset from;              // plain records before it are left out
    std::size_t bytes_max{};  // passed by the first batch only
};

/// The records of whole batches in memory as a message set. Offsets, keys, values and, with magic
/// 1, times stay; a compressed batch becomes one wrapper in its codec. Headers and what belongs to
/// producers or transactions is lost, and control batches are left out. Ends before the batch that
/// would pass the limit.
///
/// Errc::kUnsupportedCodec when a batch of zstd comes first; behind others it ends the set.
/// kCorruptBatch when records do not hold.
Result<Bytes> convert_down(const Parts& batches, const OldFormat& format,
                           Decompressor& decompressor);

}  // namespace millrace
