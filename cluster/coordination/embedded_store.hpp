// The truth of a broker that stands alone: its cluster id, its topics, what is configured while it
// runs and which producer ids are given out, durable in a small text file of which every log
// directory has a copy.
//
// A copy is replaced as a whole (written beside, synced, renamed), so a crash leaves the old or the
// new truth; the generation tells which of the copies is newer. STORE.md beside this file describes
// the grammar.
#pragma once

#include "cluster/coordination/store_format.hpp"
#include "core/runtime/file.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

/// Lives on shard 0.
class EmbeddedStore {
public:
    static constexpr std::string_view kFileName = "millrace.store";

    /// The newest content of the copies in `folders`, with the highest epoch that any of them has
    /// of a topic, and no producer id that any of them gave out; an absent copy is empty. A folder
    /// whose copy can't be read is lost().
    static Task<EmbeddedStore> open(World& world, std::vector<std::string> folders);

    const StoreContent& content() const { return content_; }
    /// Makes `next` the truth. Success: it is on stable storage in every copy; a folder in which
    /// that fails is lost() then, and at least one isn't; but a full disk is an error. An error
    /// leaves the old content in memory and loses no folder; which of the two a restart finds is
    /// open.
    Task<Result<void>> replace(StoreContent next);

    /// Folders with a copy.
    const std::vector<std::string>& folders() const { return folders_; }
    /// Folders whose copy could not be read or written, since the last drop(), and why.
    const std::map<std::string, Error>& lost() const { return lost_; }
    /// The folder has no copy any more: nothing is written there until the next start.
    void drop(const std::string& folder);

private:
    explicit EmbeddedStore(World& world) : world_(&world) {}

    void lose(std::map<std::string, Error> lost);
    void learn(const StoreContent& copy);

    World* world_;
    std::vector<std::string> folders_;
    std::map<std::string, Error> lost_;
    StoreContent content_;
};

}  // namespace millrace
