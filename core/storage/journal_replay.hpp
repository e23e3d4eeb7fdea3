// What is done with a scanned journal before the broker serves: its frames are made stable, and
// their appends are handed on to the logs.
#pragma once

#include "core/storage/journal_scan.hpp"

#include <functional>

namespace millrace {

/// Brings what was scanned onto stable storage. Frames that a dead process had only written read as
/// if they were there, until the power goes: nothing is filled from them before.
Task<Result<void>> make_scanned_stable(World& world, JournalOptions options,
                                       const JournalScan& scan);

/// Calls `on_append` with the LSN and the entry for the appends from scan.replay_from on, in order;
/// it may wait after each frame in `on_frame`, whose error ends the replay. What the scan found
/// damaged is passed over.
Task<Result<void>> replay_journal(World& world, JournalOptions options, const JournalScan& scan,
                                  std::function<void(Lsn, const AppendEntry&)> on_append,
                                  std::function<Task<Result<void>>()> on_frame);

}  // namespace millrace
