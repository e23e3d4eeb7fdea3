// What a journal's files say, read whole and checked before anything is done about it: where its
// frames end, whether it was closed, and what a replay has to do.
#pragma once

#include "core/storage/journal.hpp"

#include <functional>
#include <map>

namespace millrace {

struct BoundLog {
    Uuid topic_id;
    std::string folder;
};

struct JournalScan {
    /// There are no files of this journal, or none that ever held a frame.
    bool is_new = true;
    /// The last frame says that everything is in segments and synced.
    bool closed = false;
    Journal::Past past;
    /// Frames before it are in segments and synced.
    Lsn replay_from{};
    /// What the logs of the last life are called, and where those that the checkpoint lists end.
    std::map<LogId, BoundLog> bindings;
    std::map<LogId, LogPosition> ends;
};

/// Reads the journal `options.index` of `options.folder`. kDamaged when frames are missing that
/// were on stable storage; the log says where.
Task<Result<JournalScan>> scan_journal(World& world, Logger& logger, JournalOptions options);

/// Brings what was scanned onto stable storage. Frames that a dead process had only written read as
/// if they were there, until the power goes: nothing is filled from them before.
Task<Result<void>> make_scanned_stable(World& world, JournalOptions options,
                                       const JournalScan& scan);

/// Calls `on_append` for the append entries from scan.replay_from on, in order; it may wait after
/// each frame in `on_frame`, whose error ends the replay.
Task<Result<void>> replay_journal(World& world, JournalOptions options, const JournalScan& scan,
                                  std::function<void(const AppendEntry&)> on_append,
                                  std::function<Task<Result<void>>()> on_frame);

}  // namespace millrace
