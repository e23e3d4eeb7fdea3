// One entry of log.dirs: its lock, its identity, its journal, its checkpoints, and the logs of all
// partitions in it.
#pragma once

#include "core/storage/journal_scan.hpp"
#include "core/storage/partition_log.hpp"

#include <map>
#include <memory>
#include <string>

namespace millrace {

struct DirectoryIdentity {
    /// Stands for whatever broker the directory belongs to.
    static constexpr std::int32_t kAnyBroker = -1;

    std::int32_t broker_id = 0;
    std::string cluster_id;  // empty: take the directory's, or make one
};

/// Owned by the broker, on shard 0. While it is open nobody else uses the directory.
class LogDirectory {
public:
    /// Takes the lock and loads every log: whole after a clean stop, by the journal after a crash
    /// with one, by Kafka's recovery otherwise. Then opens the journal, and a Java broker is kept
    /// out until close(). Errors: kDirectoryInUse, kWrongDirectory (another cluster or broker, a
    /// folder that is no partition, or somebody else's writes), kDamaged, or the kernel's; the log
    /// says which file and why.
    static Task<Result<std::unique_ptr<LogDirectory>>> open(World& world, Logger& logger,
                                                            std::string path,
                                                            DirectoryIdentity identity,
                                                            LogConfig config);
    ~LogDirectory();

    const std::string& path() const { return path_; }
    const std::string& cluster_id() const { return identity_.cluster_id; }
    bool was_clean() const { return was_clean_; }
    bool failed() const { return failed_; }

    /// The partition's log, or null.
    PartitionLog* find(const TopicPartition& name);
    const std::map<TopicPartition, std::unique_ptr<PartitionLog>>& logs() const { return logs_; }
    Task<Result<PartitionLog*>> create(TopicPartition name, Uuid topic_id);

    /// Brings everything so far into synced segments, so that the journal's frames before it are
    /// free. Logs that were idle for a while are trimmed. One at a time.
    Task<Result<void>> checkpoint();
    /// recovery-point-offset-checkpoint, replication-offset-checkpoint,
    /// log-start-offset-checkpoint.
    Task<Result<void>> write_offset_checkpoints();

    /// A clean stop in Kafka's order: logs, checkpoints, the journal closed, and the marker last.
    /// With a failed log nothing of that is written, and the next start recovers.
    Task<Result<void>> close();

private:
    enum class Recovery { kNone, kKafkas, kReplay };

    struct Covered {
        PartitionLog* log;
        LogPosition end;
        std::uint64_t appends;
        bool trimmed;
    };

    LogDirectory(World& world, Logger& logger, std::string path, DirectoryIdentity identity,
                 LogConfig config);

    Task<Result<void>> take_lock();
    Task<Result<void>> check_identity();
    Task<Result<void>> choose_engine();
    Task<Result<void>> load();
    Task<Result<Recovery>> choose_recovery(const JournalScan& scan);
    Task<Result<void>> load_logs(const std::map<std::string, LogPosition>& cuts, bool whole);
    Task<Result<void>> replay(const JournalScan& scan);
    Task<Result<std::map<std::string, LogPosition>>> find_ends(const JournalScan& scan);
    Task<Result<void>> apply_entries(const JournalScan& scan);
    Task<Result<void>> fill_replayed(const Result<void>& applied);
    Task<Result<void>> open_journal(Journal::Past past);
    Task<Result<void>> close_files();
    JournalOptions journal_options() const;

    Task<Result<void>> run_checkpoint();
    std::vector<Covered> snapshot();
    Task<Result<void>> fill_all(const std::vector<Covered>& covered);
    Task<Result<void>> sync_segments();
    Task<Result<void>> write_checkpoint_frames(Lsn begin, const std::vector<Covered>& covered);
    Task<> checkpoint_in_background();
    void start_checkpoint();
    void fail(const Error& error);
    std::uint64_t reserve_bytes() const;

    Task<Result<OffsetCheckpoint>> read_checkpoint(std::string_view file);
    Task<Result<void>> write_checkpoint(std::string_view file, OffsetCheckpoint entries);
    Task<bool> exists(std::string_view name);
    std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

    World& world_;
    Logger& logger_;
    const std::string path_;
    DirectoryIdentity identity_;
    LogShared shared_;
    File lock_;
    bool was_clean_{};
    bool failed_{};
    bool closing_{};
    LogId next_log_id_{1};
    std::map<TopicPartition, std::unique_ptr<PartitionLog>> logs_;
    std::unique_ptr<Journal> journal_;
    bool checkpointing_{};
    bool checkpoint_wanted_{};
    std::int64_t checkpoints_{};
    WaitList checkpoint_waiters_;
    Gate gate_;
};

}  // namespace millrace
