#include "cluster/groups/group_records.hpp"

#include "core/base/assert.hpp"
#include "protocol/message/group_metadata_key.hpp"
#include "protocol/message/offset_commit_key.hpp"
#include "protocol/message/offset_commit_value.hpp"

#include <array>
#include <limits>

namespace millrace {
namespace {

constexpr std::int16_t kOffsetKeyVersion = 1;
constexpr std::int16_t kGroupKeyVersion = 2;
constexpr std::int16_t kOffsetValueVersion = 3;
// The only one with a time of its own at which it expires.
constexpr std::int16_t kExpiringValueVersion = 1;
constexpr std::array<std::byte, 1> kNoHeaders{};

template <class Message>
Bytes encoded(const Message& message, std::int16_t version) {
    Writer writer;
    writer.put(version);
    message.encode(writer, version);
    expect(writer.ok(), "a coordinator's record can be written");
    return writer.to_bytes();
}

Bytes offset_key(std::string_view group, std::string_view topic, std::int32_t partition) {
    OffsetCommitKey key;
    key.group = group;
    key.topic = topic;
    key.partition = partition;
    return encoded(key, kOffsetKeyVersion);
}

Bytes group_key(std::string_view group) {
    GroupMetadataKey key;
    key.group = group;
    return encoded(key, kGroupKeyVersion);
}

Result<CommittedOffset> read_offset(ByteView bytes) {
    Reader reader(bytes);
    const auto version = reader.read<std::int16_t>();
    const auto value = OffsetCommitValue::decode(reader, version);
    if (!value) return Errc::kMalformed;
    CommittedOffset offset;
    offset.offset = value->offset;
    offset.committed_at = value->commit_timestamp;
    offset.set_expires_at(value->expire_timestamp);
    offset.leader_epoch = value->leader_epoch;
    offset.set_metadata(value->metadata);
    return offset;
}

Result<CoordinatorRecord> read_offset_record(Reader& key_reader, std::int16_t version,
                                             const RecordView& record) {
    auto key = OffsetCommitKey::decode(key_reader, version);
    if (!key) return Errc::kMalformed;
    OffsetRecord read{std::move(key->group), std::move(key->topic), key->partition};
    if (record.value) {
        auto value = read_offset(*record.value);
        if (!value) return value.error();
        read.value = std::move(*value);
    }
    return CoordinatorRecord(std::move(read));
}

Result<CoordinatorRecord> read_group_record(Reader& key_reader, const RecordView& record) {
    auto key = GroupMetadataKey::decode(key_reader, kGroupKeyVersion);
    if (!key) return Errc::kMalformed;
    GroupRecord read{std::move(key->group)};
    if (record.value) {
        Reader reader(*record.value);
        read.version = reader.read<std::int16_t>();
        auto value = GroupMetadataValue::decode(reader, read.version);
        if (!value) return Errc::kMalformed;
        read.value = std::move(*value);
    }
    return CoordinatorRecord(std::move(read));
}

/// The next code point of a text in UTF-8; a byte that begins none stands for itself.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
    const auto byte_at = [&text](std::size_t i) {
        return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{};
    };
    const std::uint32_t first = byte_at(at++);
    const int more = first < 0xc0 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    std::uint32_t point = more == 0 ? first : first & (0x3fu >> more);
    for (int i = 0; i < more; ++i) point = point << 6 | (byte_at(at++) & 0x3fu);
    return point;
}

/// String.hashCode() of Java, over the text in UTF-16.
std::int32_t java_hash(std::string_view text) {
    constexpr std::uint32_t kFirstOfTwo = 0x10000;
    std::uint32_t hash = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::uint32_t point = next_code_point(text, at);
        if (point < kFirstOfTwo) {
            hash = hash * 31 + point;
        } else {
            hash = hash * 31 + (0xd800 + ((point - kFirstOfTwo) >> 10));
            hash = hash * 31 + (0xdc00 + (point & 0x3ff));
        }
    }
    return static_cast<std::int32_t>(hash);
}

}  // namespace

std::int32_t group_partition(std::string_view group, std::int32_t count) {
    const std::int32_t hash = java_hash(group);
    const bool has_no_opposite = hash == std::numeric_limits<std::int32_t>::min();
    return (has_no_opposite ? 0 : std::abs(hash)) % count;
}

void GroupBatch::append(const Bytes& key, const std::optional<ByteView>& value) {
    builder_.append(now_, ByteView(key), value, kNoHeaders);
}

void GroupBatch::put_offset(std::string_view group, std::string_view topic, std::int32_t partition,
                            const CommittedOffset& offset) {
    OffsetCommitValue value;
    value.offset = offset.offset;
    value.leader_epoch = offset.leader_epoch;
    value.metadata = offset.metadata();
    value.commit_timestamp = offset.committed_at;
    value.expire_timestamp = offset.expires_at();
    const bool expires = offset.expires_at() >= 0;
    const Bytes bytes = encoded(value, expires ? kExpiringValueVersion : kOffsetValueVersion);
    append(offset_key(group, topic, partition), bytes);
}

void GroupBatch::drop_offset(std::string_view group, std::string_view topic,
                             std::int32_t partition) {
    append(offset_key(group, topic, partition), std::nullopt);
}

void GroupBatch::put_group(std::string_view group, ByteView value) {
    append(group_key(group), value);
}

void GroupBatch::drop_group(std::string_view group) { append(group_key(group), std::nullopt); }

Result<CoordinatorRecord> read_record(const RecordView& record) {
    if (!record.key) return Errc::kMalformed;
    Reader reader(*record.key);
    const auto version = reader.read<std::int16_t>();
    if (!reader.ok()) return Errc::kMalformed;
    if (version >= 0 && version <= kOffsetKeyVersion) {
        return read_offset_record(reader, version, record);
    }
    if (version == kGroupKeyVersion) return read_group_record(reader, record);
    return CoordinatorRecord(UnknownRecord{version});
}

}  // namespace millrace
