// What state a log directory is in, found out without changing it.
#pragma once

#include "core/runtime/operation.hpp"

#include <string>

namespace millrace {

enum class DirectoryState {
    kNew,           // not there, or without partitions
    kClean,         // stopped cleanly: this broker and a Java broker may have it
    kUnclean,       // of Millrace: the next start replays its journal; a Java broker refuses it
    kUncleanKafka,  // without a journal or a clean stop: the next start looks at its logs
    kWrittenSince,  // a journal is open, and somebody else may have written here since
    kDamaged,       // the journal is rotten
};

/// REQUIRES: nobody uses the directory. Errors: the kernel's.
Task<Result<DirectoryState>> look_at_directory(World& world, std::string path);

}  // namespace millrace
