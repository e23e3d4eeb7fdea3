// What the store of a broker that stands alone holds, and its text (STORE.md has the grammar).
#pragma once

#include "core/base/result.hpp"
#include "core/base/types.hpp"
#include "core/config/properties.hpp"

#include <map>
#include <string>
#include <string_view>

namespace millrace {

struct StoredTopic {
    Uuid id;
    std::int32_t partitions{};
    /// Raised at every start, so that clients notice a log that a power loss shortened.
    LeaderEpoch leader_epoch;
    /// The topic's own configuration.
    Properties overrides{};

    bool operator==(const StoredTopic&) const = default;
};

/// What the store holds, in the order of names.
struct StoreContent {
    /// Raised with every change, but only in a life that began with all copies at hand: a broker
    /// that has seen only some may know less than the others tell.
    std::uint64_t generation{};
    std::string cluster_id;
    /// The first producer id that was never given out.
    std::int64_t next_producer_id{};
    /// Dynamic configuration of brokers: by broker id, and of all of them under "".
    std::map<std::string, Properties, std::less<>> brokers;
    std::map<std::string, StoredTopic, std::less<>> topics;
    /// Topics whose folders are not all known to be gone, and their names.
    std::map<Uuid, std::string> deleted;

    bool operator==(const StoreContent&) const = default;
};

std::string format_store(const StoreContent& content);
/// Errc::kMalformed when a line, a count or the checksum does not hold.
Result<StoreContent> parse_store(std::string_view text);

}  // namespace millrace
