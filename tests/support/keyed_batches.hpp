// Batches of records with keys for tests of the cleaner, and what is read back of them.
#pragma once

#include "core/storage/batch_builder.hpp"
#include "core/storage/record_reader.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace millrace {

struct KeyedRecord {
    std::optional<std::string> key;
    std::optional<std::string> value;
    TimestampMs time = 1000;
};

/// A record as it lies in a log.
struct LoggedRecord {
    std::int64_t offset{};
    std::optional<std::string> key;
    std::optional<std::string> value;
    TimestampMs time{};

    bool operator==(const LoggedRecord&) const = default;
};

inline std::optional<ByteView> view_of(const std::optional<std::string>& field) {
    if (!field) return std::nullopt;
    return as_bytes(*field);
}

inline std::optional<std::string> text_of(const std::optional<ByteView>& field) {
    if (!field) return std::nullopt;
    return std::string(as_text(*field));
}

/// A batch as a producer sends it. Each record has one header, so that these are seen to stay.
inline Bytes make_keyed_batch(const std::vector<KeyedRecord>& records,
                              const BatchFrame& frame = {}) {
    const Bytes headers{std::byte{2}, std::byte{2}, std::byte{'h'}, std::byte{2}, std::byte{'v'}};
    BatchBuilder builder(frame);
    for (const KeyedRecord& each : records) {
        builder.append(each.time, view_of(each.key), view_of(each.value), headers);
    }
    return std::move(builder).finish();
}

/// The records of whole batches, whose checksums hold.
inline std::vector<LoggedRecord> records_in(ByteView batches) {
    std::vector<LoggedRecord> found;
    Decompressor decompressor;
    RecordReader reader(decompressor);
    for (ByteView rest = batches; !rest.empty();) {
        const auto batch = parse_batch(rest);
        if (!batch) {
            ADD_FAILURE() << "not a whole batch";
            break;
        }
        EXPECT_TRUE(batch->crc_holds());
        const auto read = reader.read(*batch, [&](const RecordView& record) {
            const TimestampMs time = batch->is_append_time()
                                         ? batch->max_timestamp()
                                         : batch->base_timestamp() + record.timestamp_delta;
            found.push_back({batch->base_offset().value + record.offset_delta, text_of(record.key),
                             text_of(record.value), time});
            EXPECT_EQ(record.headers.size(), 5u);
            return true;
        });
        EXPECT_TRUE(read);
        rest = rest.subspan(batch->size_in_bytes());
    }
    return found;
}

}  // namespace millrace
