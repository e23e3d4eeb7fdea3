// Reads one file of a journal into memory and finds the frames in it: what a scan and a replay have
// in common. It believes nothing but checksums, places and lives.
#pragma once

#include "core/storage/journal_files.hpp"

namespace millrace {

inline constexpr std::uint64_t kWholeFile = ~std::uint64_t{0};

/// One file in memory, whole or its front.
struct LoadedJournal {
    std::optional<JournalFileHeader> header;  // nothing when its block holds none
    AlignedBytes memory;

    ByteView frames() const { return ByteView(memory.bytes()).subspan(kJournalHeaderBytes); }
};

/// Reads at most `bytes_max` of the file, whole blocks; zeros stand for what a torn end lacks.
Task<Result<LoadedJournal>> load_journal_file(World& world, const JournalOptions& options,
                                              std::uint64_t number, std::uint64_t bytes_max);

/// The frames of one file that can be believed, in order: whole, and of the place and life at
/// which they are read. What is none is passed over, a block at a time.
class JournalFrames {
public:
    JournalFrames(ByteView frames, const JournalFileHeader& header, Lsn end)
        : frames_(frames), header_(header), end_(end), position_(header.start) {}

    /// Nothing when no frame begins before the end any more.
    std::optional<FrameView> next();

private:
    const ByteView frames_;
    const JournalFileHeader header_;
    const Lsn end_;
    Lsn position_;
};

/// What the header of a file must have said whose header is rotten: the frames of its last use name
/// their place and life. Nothing when there is none.
std::optional<JournalFileHeader> infer_journal_header(ByteView frames, std::uint64_t journal_id);

bool is_all_zero(ByteView bytes);

}  // namespace millrace
