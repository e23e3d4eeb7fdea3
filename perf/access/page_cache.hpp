// Empties and fills the page cache for a cell's files, and looks whether it has happened.
#pragma once

#include "perf/access/file_set.hpp"

namespace millrace::access {

/// The share of the files' pages that are in memory, of at most 32 files. Each file has
/// `room_bytes`.
double resident_share(const OpenFiles& files, std::uint64_t room_bytes);

/// Syncs the files and lets their pages go. Throws when more than one page in a hundred stays, as
/// on a filesystem that lives in memory: a cell that claims to be cold has to be.
void make_cold(const OpenFiles& files, std::uint64_t room_bytes);

/// Reads the files. Throws when memory doesn't hold them.
void make_warm(const OpenFiles& files, std::uint64_t room_bytes);

}  // namespace millrace::access
