// The names of what lies in a log directory beside the partitions' folders.
#pragma once

#include <string_view>

namespace millrace {

inline constexpr std::string_view kLockName = ".lock";
inline constexpr std::string_view kMetaName = "meta.properties";
inline constexpr std::string_view kMarkerName = ".kafka_cleanshutdown";
inline constexpr std::string_view kRecoveryPointsName = "recovery-point-offset-checkpoint";
inline constexpr std::string_view kHighWatermarksName = "replication-offset-checkpoint";
inline constexpr std::string_view kLogStartsName = "log-start-offset-checkpoint";
inline constexpr std::string_view kCleanedName = "cleaner-offset-checkpoint";
/// Stands for a moment, when a start finds out what the filesystem can do.
inline constexpr std::string_view kProbeName = "millrace.probe";
/// Ends the name of a deleted partition's folder until it is removed, as with Kafka.
inline constexpr std::string_view kDeletedEnd = "-delete";
/// An empty folder that stands while the journal is open. A Java broker refuses to start beside it
/// and prints its name: records that only the journal holds would be lost to it.
inline constexpr std::string_view kUncleanName = "MILLRACE_UNCLEAN.run_millrace_recover";

}  // namespace millrace
