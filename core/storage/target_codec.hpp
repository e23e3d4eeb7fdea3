// What a topic's configuration wants of a batch that is written anew.
#pragma once

#include "core/storage/batch_builder.hpp"
#include "core/storage/record_checks.hpp"

namespace millrace {

/// Codec, level and time that the topic gives a batch whose producer chose `source`.
inline BatchFrame target_frame(const ProduceRules& rules, Codec source) {
    const TopicConfig& topic = rules.topic;
    BatchFrame frame;
    switch (topic.compression_type) {
        case TopicCompression::kProducer: frame.codec = source; break;
        case TopicCompression::kUncompressed: frame.codec = Codec::kNone; break;
        case TopicCompression::kGzip:
            frame.codec = Codec::kGzip;
            frame.level = topic.compression_gzip_level;
            break;
        case TopicCompression::kSnappy: frame.codec = Codec::kSnappy; break;
        case TopicCompression::kLz4:
            frame.codec = Codec::kLz4;
            frame.level = topic.compression_lz4_level;
            break;
        case TopicCompression::kZstd:
            frame.codec = Codec::kZstd;
            frame.level = topic.compression_zstd_level;
            break;
    }
    if (topic.message_timestamp_type == TimestampType::kLogAppendTime) {
        frame.append_time = rules.now;
    }
    return frame;
}

/// A field's size as RecordFacts have it.
inline std::int32_t field_size(const std::optional<ByteView>& field) {
    return field ? static_cast<std::int32_t>(field->size()) : -1;
}

}  // namespace millrace
