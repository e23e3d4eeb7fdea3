// What a leader checks before it appends what a producer sent, with Kafka 3.9's error for each
// case, and what it makes of it where the topic wants it otherwise.
#pragma once

#include "core/storage/decompressor.hpp"
#include "core/storage/record_batch.hpp"
#include "core/storage/record_checks.hpp"

namespace millrace {

/// What has become of the records that a producer sent to one partition.
struct Accepted {
    /// Without an error, `batch` is to be appended; with no bytes in it, nothing is.
    Refusal refusal{};
    MutableBytes batch{};
    /// The batch's memory, where it isn't the producer's.
    Bytes rebuilt{};
};

/// The one batch of magic 2 that a partition of a Produce request may bring from version 3 on. A
/// cut-off batch behind it is left out, as Kafka does. Its size and magic hold then, and no more.
///
/// kCorruptBatch, or kInvalidRecord: none, more than one, or one of another format.
Result<MutableBytes> find_produced(MutableBytes records);

/// A batch of magic 2, checked: size, checksum, header, and every record's structure, offset and
/// time, also of compressed ones. Its times become the topic's, its largest timestamp that of its
/// records where the header lied. Where the topic compresses otherwise, it is written anew.
///
/// kCorruptBatch, kInvalidRecord, kInvalidTimestamp, kUnsupportedCodec, kBatchTooLarge: over the
/// limit, before or after, or so much larger without compression that a client has to split it; or
/// kMalformed: a block that doesn't decompress, for which Kafka has no error of its own either.
Accepted accept_produced(MutableBytes batch, const ProduceRules& rules, Decompressor& decompressor);

}  // namespace millrace
