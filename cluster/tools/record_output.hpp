// How a consumed record is written.
#pragma once

#include "cluster/tools/terminal.hpp"
#include "core/base/types.hpp"
#include "core/storage/record_reader.hpp"

#include <optional>
#include <string>

namespace millrace {

/// A record where it lies. Null is not empty.
struct ConsumedRecord {
    const TopicPartition& partition;
    std::int64_t offset{};
    TimestampMs timestamp = kNoTimestamp;
    std::optional<ByteView> key;
    std::optional<ByteView> value;
    ByteView headers;  // as in a batch
};

struct RecordFormat {
    bool json{};                               // a line with an object for each record
    std::optional<std::string> key_separator;  // with the key before it, in front of the value
    std::string separator = "\n";              // behind each record
};

/// Null is written as nothing, in JSON as null.
void write_record(Output& output, const ConsumedRecord& record, const RecordFormat& format);

}  // namespace millrace
