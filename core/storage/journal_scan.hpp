// What a journal's files say, read whole and checked before anything is done about it: where its
// frames end, whether it was closed, what is missing, and what a replay has to do.
#pragma once

#include "core/storage/journal.hpp"

#include <map>

namespace millrace {

struct BoundLog {
    Uuid topic_id;
    std::string folder;
};

/// A folder under the topic id that it has to have: a topic that is deleted and made again has
/// another.
using BoundName = std::pair<std::string, Uuid>;

/// Something that was on stable storage and is not there any more.
struct JournalDamage {
    std::string what;
    std::string file;        // a name
    std::uint64_t offset{};  // in that file
    /// The frames from here to there are gone; none when both are equal. kNoLsn: nobody knows.
    Lsn from{};
    Lsn to{};
};

inline constexpr Lsn kNoLsn = ~Lsn{0};

struct JournalScan {
    /// There are no files of this journal, or none that ever held a frame.
    bool is_new = true;
    /// The last frame says that everything is in segments and synced.
    bool closed = false;
    Journal::Past past;
    /// Frames before it are in segments and synced.
    Lsn replay_from{};
    /// The life whose frames are to be replayed, and the files that hold them, in order.
    std::uint32_t life{};
    std::vector<std::pair<std::uint64_t, JournalFileHeader>> row;
    /// What the logs of that life are called, and where those that the checkpoint lists end.
    std::map<LogId, BoundLog> bindings;
    std::map<LogId, LogPosition> ends;
    /// Where they begin, of those that an entry of that life tells of.
    std::map<LogId, LogStart> starts;
    /// The furthest offset that any piece of a checkpoint names for a log.
    std::map<LogId, Offset> named_ends;
    /// What is missing or rotten, the newest first.
    std::vector<JournalDamage> damage;

    /// Behind every hole that a replay meets; 0 when there is none.
    Lsn last_hole_end() const;
};

/// Reads the journal `options.index` of `options.folder`. Damage is told in the log; what is left
/// can be replayed by whoever accepts that.
Task<Result<JournalScan>> scan_journal(World& world, Logger& logger, JournalOptions options);

}  // namespace millrace
