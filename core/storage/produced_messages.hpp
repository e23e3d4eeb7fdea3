// Message sets of old producers, made one batch of magic 2: what a log keeps.
#pragma once

#include "core/storage/produced_batch.hpp"

namespace millrace {

/// What a partition of a Produce request below version 3 may bring: messages of one format, either
/// all plain or a single wrapper; one batch of magic 2 is taken too. They become a batch with the
/// topic's compression and times, in the producer's codec where the topic leaves it to him.
/// Messages of magic 0 have no timestamp. A cut-off one at the end is left out, and nothing at all
/// is no error.
///
/// kCorruptBatch, kInvalidRecord, kInvalidTimestamp, kUnsupportedCodec, kBatchTooLarge or
/// kMalformed, as for batches; one message over the limit is too large as well.
Accepted accept_messages(MutableBytes records, const ProduceRules& rules,
                         Decompressor& decompressor);

}  // namespace millrace
