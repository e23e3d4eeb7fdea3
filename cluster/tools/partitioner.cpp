#include "cluster/tools/partitioner.hpp"

namespace millrace {
namespace {

std::uint32_t load_le(ByteView bytes, std::size_t count) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        value |= std::to_integer<std::uint32_t>(bytes[i]) << (8 * i);
    }
    return value;
}

}  // namespace

std::int32_t java_murmur2(ByteView bytes) {
    constexpr std::uint32_t kSeed = 0x9747b28c;
    constexpr std::uint32_t kFactor = 0x5bd1e995;
    constexpr unsigned kShift = 24;
    std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(bytes.size());
    for (; bytes.size() >= 4; bytes = bytes.subspan(4)) {
        std::uint32_t word = load_le(bytes, 4) * kFactor;
        word ^= word >> kShift;
        hash = hash * kFactor ^ word * kFactor;
    }
    if (!bytes.empty()) hash = (hash ^ load_le(bytes, bytes.size())) * kFactor;
    hash = (hash ^ hash >> 13) * kFactor;
    return static_cast<std::int32_t>(hash ^ hash >> 15);
}

std::int32_t Partitioner::partition_of(const std::optional<ByteView>& key) {
    constexpr std::int32_t kWithoutSign = 0x7fffffff;
    if (key && rule_ == Rule::kByKey) return (java_murmur2(*key) & kWithoutSign) % partitions_;
    const std::int32_t turn = next_;
    next_ = (next_ + 1) % partitions_;
    return turn;
}

}  // namespace millrace
