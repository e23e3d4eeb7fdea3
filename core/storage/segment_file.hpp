// The bytes of one segment on disk, by one of two engines: direct writes past the page cache into
// space that was allocated before, or plain writes through it.
//
// Both hold the same bytes. The direct engine leaves the file longer than its data until trim();
// the journal says where the data ends meanwhile.
#pragma once

#include "core/base/aligned_bytes.hpp"
#include "core/runtime/shared_file.hpp"

#include <span>
#include <string>
#include <vector>

namespace millrace {

enum class SegmentEngine { kDirectIo, kPageCache };

/// Bytes of a segment in one piece, in memory that stays as long as the window does.
struct Window {
    std::shared_ptr<const void> memory;
    ByteView bytes;
};

/// Owned by its LogSegment. Must be closed before it goes.
class SegmentFile {
public:
    SegmentFile(World& world, std::string path, SegmentEngine engine, std::uint64_t bytes_max)
        : world_(world), path_(std::move(path)), engine_(engine), bytes_max_(bytes_max) {}

    bool is_open() const { return plain_ != nullptr; }
    SegmentEngine engine() const { return engine_; }
    const std::string& path() const { return path_; }
    /// The file may be longer than its data, in memory or on stable storage.
    bool is_longer() const { return longer_; }
    bool is_unsynced() const { return unsynced_; }

    Task<Result<void>> open(OpenMode mode);
    Task<Result<FileStatus>> status() { return plain_->file().status(); }
    /// Makes room for `size` bytes of data; with `ahead`, in steps that grow with the file, unless
    /// the disk has no more than what is wanted.
    Task<Result<void>> grow(std::uint64_t size, bool ahead);
    /// Data up to here finds its room on the disk taken.
    std::uint64_t room_end() const { return round_up(allocated_, kBlockBytes); }
    /// Writes whole blocks from `position`, which is a block's, and `rest` behind them.
    Task<Result<void>> write(std::uint64_t position, std::vector<iovec> blocks, ByteView rest);
    /// Cuts the file to `size`, the end of its data.
    Task<Result<void>> trim(std::uint64_t size);
    Task<Result<void>> sync();
    /// File::forget_cached(), for whoever verifies what a process that died has left.
    Task<Result<void>> forget_cached() { return plain_->file().forget_cached(); }
    /// Somebody else has synced the whole filesystem.
    void mark_synced(bool synced) { unsynced_ = !synced; }
    /// No more writes: later reads go through the page cache.
    Task<Result<void>> seal();
    bool is_sealed() const { return sealed_; }
    /// For whoever sends ranges of it. REQUIRES: is_sealed().
    const std::shared_ptr<SharedFile>& shared() const { return plain_; }
    /// Closes the file, or leaves that to the last response that still sends from it.
    Task<Result<void>> close();

    /// Fills `into` with what lies at `position`, both in whole blocks; returns how much there is.
    Task<Result<std::size_t>> read_blocks(std::uint64_t position, MutableBytes into);

private:
    Task<Result<void>> write_direct(std::uint64_t position, std::span<iovec> slices);

    World& world_;
    const std::string path_;
    const SegmentEngine engine_;
    const std::uint64_t bytes_max_;
    std::shared_ptr<SharedFile> plain_;
    File direct_;
    std::uint64_t allocated_{};
    std::uint64_t written_{};  // blocks before it hold data, behind it only room
    std::uint32_t readers_{};
    bool sealed_{};
    bool longer_{};
    bool unsynced_{};
};

}  // namespace millrace
