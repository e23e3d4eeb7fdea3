#include "core/storage/disk_room.hpp"

#include "core/runtime/file.hpp"
#include "core/runtime/shard_call.hpp"
#include "core/storage/directory_part.hpp"

#include <algorithm>
#include <cerrno>

namespace millrace {
namespace {

constexpr Duration kBetweenLooks = std::chrono::seconds(1);

Task<Result<void>> give_up_room(DirectoryPart& part) {
    co_await part.give_up_room();
    co_return Result<void>();
}

Task<Result<void>> take_back_room(DirectoryPart& part) { return part.take_back_room(); }

Task<Result<void>> take_appends(DirectoryPart& part) {
    part.take_appends();
    co_return Result<void>();
}

}  // namespace

Task<Result<void>> DiskRoom::visit(Visit each) {
    std::vector<ShardNumber> shards;
    for (const Member& member : members_) shards.push_back(member.shard);
    const auto one = [this, &each](std::size_t i) { return each(*members_[i].part); };
    co_return co_await visit_all(world_, std::move(shards), one);
}

Task<> DiskRoom::make_room() {
    Semaphore::Share turn(turn_);
    const auto taken = co_await turn.take(1);
    if (taken && !is_short_) co_await give_up();
}

Task<> DiskRoom::give_up() {
    is_short_ = true;
    (void)co_await visit(give_up_room);
    if (is_looking_) co_return;
    is_looking_ = true;
    spawn(world_, look_steadily());
}

Task<> DiskRoom::join(std::vector<Member> members) {
    Semaphore::Share turn(turn_);
    const auto taken = co_await turn.take(1);
    bool is_short = is_short_;
    for (Member& each : members) {
        const auto look = [&each] { return each.part->is_out_of_room(); };
        ShardCall call(world_, each.shard, look);
        const bool is_full = co_await call.run();
        is_short = is_short || is_full;
        members_.push_back(std::move(each));
    }
    if (taken && is_short) co_await give_up();
}

Task<> DiskRoom::leave(std::string folder) {
    {
        Semaphore::Share turn(turn_);
        (void)co_await turn.take(1);
        std::erase_if(members_, [&](const Member& each) { return each.folder == folder; });
        if (!members_.empty()) co_return;
        is_short_ = false;
    }
    looks_.wake_through(0);
    if (is_looking_) (void)co_await ended_.wait(0, kNever);
}

Task<> DiskRoom::look_steadily() {
    while (is_short_) {
        (void)co_await looks_.wait(0, world_.now() + kBetweenLooks);
        Semaphore::Share turn(turn_);
        const auto taken = co_await turn.take(1);
        if (!taken || !is_short_) break;
        const auto back = co_await take_back();
        if (back) is_short_ = false;
    }
    is_looking_ = false;
    ended_.wake_through(0);
}

Task<Result<void>> DiskRoom::take_back() {
    const std::string folder = members_.front().folder;
    const auto space = co_await filesystem_space(world_, folder);
    if (!space) co_return space.error();
    std::uint64_t wanted = 0;
    for (const Member& each : members_) wanted += each.bytes_wanted;
    if (space->available < wanted) co_return system_error(ENOSPC);
    const auto taken = co_await visit(take_back_room);
    if (taken) co_return co_await visit(take_appends);
    // Somebody else was faster.
    (void)co_await visit(give_up_room);
    co_return taken;
}

}  // namespace millrace
