// Small record batches for tests: plain records of one byte each, checksum and all.
#pragma once

#include "core/base/crc32c.hpp"
#include "core/base/varint.hpp"
#include "core/storage/record_batch.hpp"

namespace millrace {

struct BatchRecipe {
    std::int32_t records = 1;
    std::size_t value_bytes = 1;
    TimestampMs base_timestamp = 1000;
    std::int16_t attributes = 0;
    std::int64_t producer_id = -1;
    std::int32_t base_sequence = -1;
    std::int16_t producer_epoch = -1;
};

/// Writes the checksum that the bytes of `batch` ask for.
inline void seal(MutableBytes batch) { store_be(batch.data() + 17, crc32c(batch.subspan(21))); }

/// A batch as a producer sends it: base offset 0, one millisecond between records.
inline Bytes make_batch(const BatchRecipe& recipe = {}) {
    Bytes batch(kBatchHeaderBytes);
    for (std::int32_t i = 0; i < recipe.records; ++i) {
        Bytes record;
        record.push_back(std::byte{0});
        write_varlong(record, i);
        write_varlong(record, i);
        write_varlong(record, -1);
        write_varlong(record, static_cast<std::int64_t>(recipe.value_bytes));
        record.insert(record.end(), recipe.value_bytes, std::byte{'v'});
        write_varlong(record, 0);
        write_varlong(batch, static_cast<std::int64_t>(record.size()));
        append_bytes(batch, record);
    }
    store_be(&batch[8], static_cast<std::int32_t>(batch.size() - kBatchOverheadBytes));
    store_be(&batch[12], std::int32_t{-1});
    batch[16] = std::byte{2};
    store_be(&batch[21], recipe.attributes);
    store_be(&batch[23], recipe.records - 1);
    store_be(&batch[27], recipe.base_timestamp);
    store_be(&batch[35], recipe.base_timestamp + recipe.records - 1);
    store_be(&batch[43], recipe.producer_id);
    store_be(&batch[51], recipe.producer_epoch);
    store_be(&batch[53], recipe.base_sequence);
    store_be(&batch[57], recipe.records);
    seal(batch);
    return batch;
}

}  // namespace millrace
