// The truth of a broker that stands alone: its cluster id and its topics, durable in one text file.
//
// The file is small and replaced as a whole (written beside, synced, renamed), so a crash leaves
// the old or the new truth. STORE.md beside this file describes its grammar.
#pragma once

#include "core/base/types.hpp"
#include "core/runtime/file.hpp"

#include <map>
#include <string>
#include <string_view>

namespace millrace {

struct StoredTopic {
    Uuid id;
    std::int32_t partitions{};
    /// Raised at every start, so that clients notice a log that a power loss shortened.
    LeaderEpoch leader_epoch;

    bool operator==(const StoredTopic&) const = default;
};

/// What the store holds, in the order of names.
struct StoreContent {
    std::string cluster_id;
    std::map<std::string, StoredTopic, std::less<>> topics;

    bool operator==(const StoreContent&) const = default;
};

std::string format_store(const StoreContent& content);
/// Errc::kMalformed when a line, a count or the checksum does not hold.
Result<StoreContent> parse_store(std::string_view text);

/// Lives on shard 0, next to the first log directory.
class EmbeddedStore {
public:
    static constexpr std::string_view kFileName = "millrace.store";

    /// Loads the store of `folder`; an absent one is empty.
    static Task<Result<EmbeddedStore>> open(World& world, std::string folder);

    const StoreContent& content() const { return content_; }
    /// Makes `next` the truth. Success: it is on stable storage. An error leaves the old content in
    /// memory; which of the two a restart finds is open.
    Task<Result<void>> replace(StoreContent next);

private:
    EmbeddedStore(World& world, std::string path) : world_(&world), path_(std::move(path)) {}

    World* world_;
    std::string path_;
    StoreContent content_;
};

}  // namespace millrace
