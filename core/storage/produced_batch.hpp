// What a leader checks before it appends what a producer sent, with Kafka 3.9's error for each
// case.
#pragma once

#include "core/storage/decompressor.hpp"
#include "core/storage/record_batch.hpp"

namespace millrace {

struct ProduceRules {
    std::int32_t batch_bytes_max = 1048588;  // max.message.bytes
    bool zstd_allowed = true;                // false for clients that speak Produce below 7
};

/// The one batch that a partition of a Produce request (version 3 and above) may bring, checked:
/// sizes, checksum, header, and every record's structure and offset, also of compressed ones. Its
/// largest timestamp becomes that of its records where the header lied, and the checksum with it.
/// A cut-off batch behind it is left out, as Kafka does.
///
/// kCorruptBatch, kInvalidRecord, kUnsupportedCodec, or kBatchTooLarge: over the limit, or so much
/// larger without compression that a client has to split it.
Result<MutableBytes> accept_produced(MutableBytes records, const ProduceRules& rules,
                                     Decompressor& decompressor);

}  // namespace millrace
