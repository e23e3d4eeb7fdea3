// The ballast of a journal: a preallocated file beside it, given up when the disk is full, so that
// what the journal holds has a home in segment files then.
#pragma once

#include "core/runtime/file.hpp"
#include "core/runtime/wait_list.hpp"

#include <string>

namespace millrace {

/// Millrace's word for "no room": the disk is full, or the owner's quota of it is used up.
bool is_full(const Error& error);

std::string ballast_file_name(std::uint32_t index);
/// Gives up the ballasts of all of a folder's journals. What can't be removed stays; whoever wants
/// the room finds out.
Task<> remove_ballasts(World& world, std::string folder);

/// Owned by its DirectoryPart, on that part's shard.
class Ballast {
public:
    /// What stays of it when it is given up: a start and a stop on a full disk write small files.
    static constexpr std::uint64_t kPebbleBytes = 64 << 10;

    /// `bytes` are taken where at least `beside` more are free.
    Ballast(World& world, std::string folder, std::uint32_t index, std::uint64_t bytes,
            std::uint64_t beside)
        : world_(world),
          folder_(std::move(folder)),
          path_(folder_ + "/" + ballast_file_name(index)),
          bytes_(bytes),
          beside_(beside),
          turns_(world) {}

    std::uint64_t bytes() const { return bytes_; }
    /// What has to be free for make().
    std::uint64_t bytes_wanted() const { return bytes_ + beside_; }
    /// The file is there, on stable storage, and nobody is about to give it up.
    bool stands() const { return stands_ && wanted_away_ == 0; }

    /// Makes the file unless it stands. Fails as a full disk does, without an attempt, when less
    /// than bytes_wanted() is free; the pebble is there then, if it can be.
    Task<Result<void>> make();
    /// Success: but for the pebble its room is there for others.
    Task<Result<void>> give_up();

private:
    Task<> take_turn();
    void end_turn();
    Task<Result<std::uint64_t>> former_size();
    Task<Result<void>> make_file();
    Task<Result<void>> allocate(std::uint64_t bytes);
    Task<Result<void>> take_room(File& file, std::uint64_t bytes);
    Task<Result<void>> shrink();

    World& world_;
    const std::string folder_;
    const std::string path_;
    const std::uint64_t bytes_;
    const std::uint64_t beside_;
    bool stands_{};
    int wanted_away_{};
    bool busy_{};
    std::int64_t turns_taken_{};
    WaitList turns_;  // by turns_taken_
};

}  // namespace millrace
