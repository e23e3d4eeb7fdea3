// The records of __consumer_offsets, as Kafka's coordinators write and read them.
#pragma once

#include "cluster/groups/committed_offsets.hpp"
#include "core/storage/batch_builder.hpp"
#include "core/storage/record_reader.hpp"
#include "protocol/message/group_metadata_value.hpp"

#include <string>
#include <variant>

namespace millrace {

inline constexpr std::string_view kOffsetsTopic = "__consumer_offsets";
/// What a string in a record can hold.
inline constexpr std::size_t kRecordStringMax = 32767;

/// The partition of __consumer_offsets that keeps a group, of `count`: by the hash of Java's
/// strings.
std::int32_t group_partition(std::string_view group, std::int32_t count);

/// Writes one batch for a partition of __consumer_offsets.
class GroupBatch {
public:
    GroupBatch(Codec codec, TimestampMs now) : builder_({.codec = codec}), now_(now) {}

    void put_offset(std::string_view group, std::string_view topic, std::int32_t partition,
                    const CommittedOffset& offset);
    void drop_offset(std::string_view group, std::string_view topic, std::int32_t partition);
    /// `value` as the group gave it.
    void put_group(std::string_view group, ByteView value);
    void drop_group(std::string_view group);

    bool empty() const { return builder_.record_count() == 0; }
    /// REQUIRES: something was put or dropped.
    Bytes finish() && { return std::move(builder_).finish(); }

private:
    void append(const Bytes& key, const std::optional<ByteView>& value);

    BatchBuilder builder_;
    TimestampMs now_;
};

/// A record that was read; nothing stands for a value where it was dropped.
struct OffsetRecord {
    std::string group;
    std::string topic;
    std::int32_t partition{};
    std::optional<CommittedOffset> value{};
};
struct GroupRecord {
    std::string group;
    std::optional<GroupMetadataValue> value{};  // borrows from the record
    std::int16_t version{};
};
/// A key of another kind: a newer coordinator's.
struct UnknownRecord {
    std::int16_t version{};
};

using CoordinatorRecord = std::variant<OffsetRecord, GroupRecord, UnknownRecord>;

/// kMalformed when it is none of these.
Result<CoordinatorRecord> read_record(const RecordView& record);

}  // namespace millrace
