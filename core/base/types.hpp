// The nouns of a Kafka log as types, so that an offset is never mistaken for a position or an
// epoch.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>

namespace millrace {

/// An integer with a meaning. Raw values appear only where bytes are read or written.
template <class Tag, class Raw>
struct Strong {
    Raw value{};

    constexpr Strong() = default;
    constexpr explicit Strong(Raw raw) : value(raw) {}
    constexpr auto operator<=>(const Strong&) const = default;
};

struct OffsetTag;
struct LeaderEpochTag;
struct BrokerIdTag;
struct PartitionIndexTag;

using Offset = Strong<OffsetTag, std::int64_t>;
using LeaderEpoch = Strong<LeaderEpochTag, std::int32_t>;
using BrokerId = Strong<BrokerIdTag, std::int32_t>;
using PartitionIndex = Strong<PartitionIndexTag, std::int32_t>;

constexpr Offset operator+(Offset offset, std::int64_t count) {
    return Offset{offset.value + count};
}
constexpr std::int64_t operator-(Offset left, Offset right) { return left.value - right.value; }

/// A record's or a batch's time: milliseconds since 1970, -1 for "no timestamp".
using TimestampMs = std::int64_t;
inline constexpr TimestampMs kNoTimestamp = -1;

/// A topic's id (KIP-516), or all zero for "none". Big-endian halves, as on the wire.
struct Uuid {
    std::array<std::byte, 16> bytes{};

    constexpr auto operator<=>(const Uuid&) const = default;
    constexpr bool is_zero() const { return *this == Uuid{}; }

    /// 22 characters of unpadded base64url, as in partition.metadata and Kafka's tools.
    std::string to_string() const;
};

struct TopicPartition {
    std::string topic;
    PartitionIndex partition;

    auto operator<=>(const TopicPartition&) const = default;

    /// The partition's folder name: `<topic>-<partition>`.
    std::string folder() const;
};

}  // namespace millrace
