// The replay of a directory's open journals: what only they hold goes into segments.
#pragma once

#include "core/storage/directory_part.hpp"
#include "core/storage/losses.hpp"

#include <map>
#include <string>
#include <vector>

namespace millrace {

/// A journal that a crash has left open.
struct OpenJournal {
    JournalOptions options;
    const JournalScan* scan;
};

/// Where logs begin whose start an entry of the journals tells.
using LogStarts = std::map<BoundName, LogStart>;
LogStarts find_log_starts(const std::vector<OpenJournal>& journals);

/// Reads all frames of all of them before it writes anything; then cuts, appends, fills and syncs
/// the logs that they name. The journals' own files stay as they are. kDamaged when a journal and
/// the logs' files don't fit together.
Task<Result<void>> replay_journals(World& world, Logger& logger, std::string folder,
                                   LogConfig config, std::vector<OpenJournal> journals);

/// The same for damaged journals, and for logs that don't fit to them. Of each of `logs`, which are
/// all of the directory, is kept what its files hold and what the frames hold that goes on there;
/// what the frames name besides is lost.
Task<Result<LossReport>> salvage_journals(World& world, Logger& logger, std::string folder,
                                          LogConfig config, std::vector<OpenJournal> journals,
                                          std::vector<LogToLoad> logs);

/// Begins a new life in a journal whose frames are all in synced segments, and closes it at once,
/// on stable storage.
Task<Result<void>> close_journal(World& world, Logger& logger, JournalOptions options,
                                 Journal::Past past);

}  // namespace millrace
