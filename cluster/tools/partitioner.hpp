// Which partition a record goes to.
#pragma once

#include "core/base/bytes.hpp"

#include <cstdint>
#include <optional>

namespace millrace {

/// The 32-bit MurmurHash2 with the seed of Kafka's Java client.
std::int32_t java_murmur2(ByteView bytes);

/// A key goes where Java's producer sends it; a record without one where it is its turn.
class Partitioner {
public:
    enum class Rule {
        kByKey,
        kInTurn,  // keys don't count
    };

    /// `partitions` is at least 1.
    Partitioner(Rule rule, std::int32_t partitions) : rule_(rule), partitions_(partitions) {}

    std::int32_t partition_of(const std::optional<ByteView>& key);

private:
    const Rule rule_;
    const std::int32_t partitions_;
    std::int32_t next_{};
};

}  // namespace millrace
