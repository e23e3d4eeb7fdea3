// An open file that several hold: its segment, and every response on its way that names a range of
// it. The last of them closes it. Knows who reads it where, to have the page cache filled ahead of
// readers and emptied behind the last of them.
#pragma once

#include "core/runtime/file.hpp"

#include <list>
#include <memory>

namespace millrace {

/// Lives on the shard that opened it; holders on other shards use its handle, and visit it for the
/// rest. The name may be renamed or removed meanwhile; what it named stays readable.
class SharedFile {
public:
    /// Somebody who reads forward. Ranges that follow each other are taken for one reader's.
    struct Reader {
        std::uint64_t position;  // everything before it was sent
        std::uint64_t ahead;     // asked for into the page cache
        Time seen;
        bool sending;
        bool cold;  // has met a range that was not in the page cache
    };

    SharedFile(World& world, File file) : world_(world), file_(std::move(file)) {}
    SharedFile(const SharedFile&) = delete;
    SharedFile& operator=(const SharedFile&) = delete;
    /// On any shard.
    ~SharedFile();

    /// On any shard.
    ShardNumber home() const { return world_.shard(); }
    std::int32_t handle() const { return file_.handle(); }

    File& file() { return file_; }

    /// Whoever sends a range from `offset` to `end`; leave() follows. For a reader that the page
    /// cache has failed before, what the range lacks there and a window behind it is asked for.
    Task<Reader*> enter(std::uint64_t offset, std::uint64_t end);
    /// The block at `offset` was not in the page cache: it is when this succeeds.
    Task<Result<void>> bring_in(Reader* reader, std::uint64_t offset, std::uint64_t end);
    /// What no reader wants any more leaves the page cache, if it came by a reader's wish.
    Task<> leave(Reader* reader, std::uint64_t position);
    /// Nobody begins to read any more.
    void retire();

private:
    Task<> read_ahead(Reader& reader, std::uint64_t offset, std::uint64_t end);
    void forget_idle(Time seen_before);
    void move(Reader& reader, std::uint64_t position);

    World& world_;
    File file_;
    std::list<Reader> readers_;
    std::uint64_t cached_from_{};  // nothing before it came by a reader's wish
    bool caches_{};
    bool retired_{};
};

}  // namespace millrace
