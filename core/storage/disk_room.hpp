// The room of one disk, which log directories and their parts share.
//
// What one part is refused the others would be refused next, and what it gives up they would take.
// So all of them are full at once: each gives up its ballast, which is as much as what it has
// admitted may still take. And all of them go on at once, when there is room for every ballast.
#pragma once

#include "core/observe/logger.hpp"
#include "core/runtime/semaphore.hpp"
#include "core/runtime/shard.hpp"
#include "core/runtime/wait_list.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace millrace {

class DirectoryPart;

/// Lives on shard 0, with the directories.
class DiskRoom {
public:
    struct Member {
        ShardNumber shard{};
        DirectoryPart* part{};
        std::string folder;
        std::uint64_t bytes_wanted{};  // to go on
    };

    explicit DiskRoom(World& world)
        : world_(world), turn_(world, 1), looks_(world), ended_(world) {}

    /// New files wait: what room there is belongs to what was admitted.
    bool is_short() const { return is_short_; }
    /// Something was refused for want of room, and will be tried once more: every part is full, and
    /// has given its ballast up.
    Task<> make_room();
    /// From now on they are full together. Before anything is appended to them.
    Task<> join(std::vector<Member> members);
    /// Nobody visits the parts of `folder` any more.
    Task<> leave(std::string folder);

private:
    using Visit = std::function<Task<Result<void>>(DirectoryPart&)>;

    Task<Result<void>> visit(Visit each);
    Task<> give_up();
    Task<Result<void>> take_back();
    Task<> look_steadily();

    World& world_;
    Semaphore turn_;  // one change at a time
    std::vector<Member> members_;
    bool is_short_{};
    bool is_looking_{};
    WaitList looks_;
    WaitList ended_;
};

/// By the device, as FilesystemSpace has it.
class DiskRooms {
public:
    explicit DiskRooms(World& world) : world_(world) {}

    DiskRoom& of(std::uint64_t device) {
        std::unique_ptr<DiskRoom>& room = rooms_[device];
        if (!room) room = std::make_unique<DiskRoom>(world_);
        return *room;
    }

private:
    World& world_;
    std::map<std::uint64_t, std::unique_ptr<DiskRoom>> rooms_;
};

}  // namespace millrace
