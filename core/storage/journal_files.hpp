// The row of files that a journal is written into: one current, older ones until a checkpoint
// frees them, and spares that are ready to be used again.
#pragma once

#include "core/observe/logger.hpp"
#include "core/runtime/file.hpp"
#include "core/storage/durability_probe.hpp"
#include "core/storage/journal_format.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace millrace {

struct JournalOptions {
    std::string folder;
    std::uint32_t index = 0;
    /// What all files together may take.
    std::uint64_t bytes = std::uint64_t{1} << 30;
    std::uint64_t file_bytes_min = 256 << 10;
    std::uint64_t file_bytes_max = 32 << 20;
    /// Past the page cache; otherwise every durable frame is a write and a sync.
    bool direct = true;
    /// A frame is on stable storage before it counts; otherwise it is written.
    bool flush = true;
    /// The disk has little room: a life begins in a file of a former one where one is free.
    bool frugal = false;

    std::uint64_t file_bytes() const;
    std::size_t files_max() const { return static_cast<std::size_t>(bytes / file_bytes()); }
};

std::string journal_file_name(std::uint32_t index, std::uint64_t number);
/// The number in a file name of journal `index`; nothing when it is none of its files.
std::optional<std::uint64_t> parse_journal_file_name(std::uint32_t index, std::string_view name);
/// The index of the journal that a file of this name belongs to; nothing for any other name.
std::optional<std::uint32_t> journal_index_of(std::string_view name);

/// Opens one of them the way in which all of them are written.
Task<Result<File>> open_journal_file(World& world, std::string path, OpenMode mode, bool direct);

/// What a file of the row was before it was begun.
enum class FileOrigin { kFresh, kUsedInThisLife };

/// Owned by its Journal, on that journal's shard. Must be closed before it goes.
class JournalFiles {
public:
    JournalFiles(World& world, const JournalOptions& options);

    /// Takes over the files of former lives: `numbers` are free once `release_before()` says so.
    void adopt(std::uint64_t number, const JournalFileHeader& header);

    std::size_t in_use() const { return in_use_.size(); }
    std::size_t spares() const { return free_.size(); }
    std::size_t count() const { return in_use_.size() + free_.size(); }
    bool can_grow() const { return count() + preparing_ < options_.files_max(); }
    /// Bytes of frames that the current file still takes.
    std::uint64_t room() const { return options_.file_bytes() - position_; }

    /// Removes files of another size than this journal's, once they are free.
    Task<Result<void>> remove_unfit();
    /// Makes one more file, zero-written and synced, and keeps it as a spare. Takes its time while
    /// the current file has more than half of its room.
    Task<Result<void>> prepare();
    /// prepare() pauses no more: the journal is to be closed.
    void hurry() { hurried_ = true; }
    /// Finds out on a spare how this device makes a frame durable, and goes that way from now on.
    /// REQUIRES: direct, and the next spare was never used.
    Task<Result<DurabilityProbe>> probe();
    /// Goes on in a spare, whose header is on stable storage then. Tells
    /// whether it has held frames of this life before. REQUIRES: spares() > 0.
    Task<Result<FileOrigin>> begin_next(JournalFileHeader header);
    /// Writes a sealed frame behind the last one. With `durable`, it and all before it are on
    /// stable storage when it succeeds. `buffer`: the registered memory that it lies in.
    Task<Result<void>> write(ByteView frame, bool durable, std::int32_t buffer = kUnregistered);
    /// Everything written so far onto stable storage.
    Task<Result<void>> sync();
    /// All frames before `lsn` may be forgotten.
    void release_before(Lsn lsn);
    std::uint64_t last_sequence() const { return last_sequence_; }
    Task<Result<void>> close();

private:
    struct Slot {
        std::uint64_t number;
        JournalFileHeader header;
        bool used_in_this_life{};
    };

    std::string path(std::uint64_t number) const;
    void set_free(Slot slot);
    Task<Result<void>> write_zeros(File& file);
    bool may_take_its_time() const;

    World& world_;
    const JournalOptions options_;
    std::deque<Slot> in_use_;  // oldest first, the current one last
    std::deque<Slot> free_;
    std::vector<std::uint64_t> unfit_;
    File current_;
    std::uint64_t position_;
    std::uint64_t next_number_{};
    std::uint64_t last_sequence_{};
    std::size_t preparing_{};
    bool unsynced_{};
    bool hurried_{};
    bool prefers_durable_write_{true};
};

}  // namespace millrace
