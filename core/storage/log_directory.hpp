// One entry of log.dirs: what there is once per directory, and the parts of it that shards own.
//
// Lock, identity, the choice of the segment engine, recovery, the folder that keeps a Java broker
// out, the checkpoint files and the marker of a clean stop are the directory's, on shard 0. A part
// has a journal and the logs whose appends that journal makes durable (directory_part.hpp).
#pragma once

#include "core/runtime/semaphore.hpp"
#include "core/storage/directory_part.hpp"
#include "core/storage/directory_recovery.hpp"
#include "core/storage/disk_room.hpp"

#include <functional>
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

/// A log and the one shard on which it may be used.
struct LogPlace {
    ShardNumber owner{};
    PartitionLog* log{};
};

/// Owned by the broker, on shard 0. While it is open nobody else uses the directory.
class LogDirectory {
public:
    /// The most journals of one directory: more flush streams would undo the group commit.
    static constexpr std::uint32_t kPartsMax = 4;

    /// What is known of a log on shard 0.
    struct Entry {
        LogPlace place;
        Uuid topic_id;
        LeaderEpoch last_epoch;  // at start
    };

    /// Takes the lock and brings every journal to its end: replayed after a crash, closed in any
    /// case, so that each shard can load its logs, whole, and begin a new life. Without a journal
    /// and a marker of a clean stop, Kafka's recovery looks at the logs. A Java broker is kept out
    /// until close(). `number` is the directory's place in log.dirs: parts of several directories
    /// begin at different shards; `rooms` are those of all that may share a disk. Errors:
    /// kDirectoryInUse, kWrongDirectory (another cluster or broker, a folder that is no partition,
    /// or somebody else's writes), kDamaged, or the kernel's; the log says which file and why.
    static Task<Result<std::unique_ptr<LogDirectory>>> open(
        World& world, Logger& logger, std::string path, DirectoryIdentity identity,
        LogConfig config, std::uint32_t number = 0, std::shared_ptr<DiskRooms> rooms = {});
    ~LogDirectory();

    /// The way out of kDamaged, for an operator and never for a broker: gives up what a damaged
    /// journal, or logs that don't fit to theirs, no longer tell, and closes the journals, so that
    /// open() succeeds. Each loss is in the log before the journals that tell of it are closed.
    /// Without an open journal nothing is done. Errors: as open()'s.
    static Task<Result<LossReport>> accept_loss(World& world, Logger& logger, std::string path,
                                                LogConfig config);

    const std::string& path() const { return path_; }
    std::size_t part_count() const { return parts_.size(); }
    const std::string& cluster_id() const { return identity_.cluster_id; }

    /// The partition's log; null when it isn't here.
    const Entry* find(const TopicPartition& name) const;
    const std::map<TopicPartition, Entry>& logs() const { return logs_; }
    /// Errc::kStorageFailed when the directory is out of service, also by this very creation.
    Task<Result<LogPlace>> create(TopicPartition name, Uuid topic_id);

    /// Folders of deleted partitions, and the parts that have them.
    using Removed = std::vector<std::pair<std::uint32_t, std::string>>;

    /// The partitions are gone: their logs answer kUnknownTopic, and their folders have names that
    /// no start takes for partitions. REQUIRES: they are here. An error takes the directory out of
    /// service.
    Task<Result<Removed>> remove(std::vector<TopicPartition> names);
    /// Lets the logs go and removes the folders. REQUIRES: nobody has a pointer to these logs.
    Task<> discard(Removed removed);

    /// A write or sync has not failed yet.
    bool in_service() const { return in_service_; }
    /// `heard` runs on shard 0 when the directory goes out of service.
    void on_failed(std::function<void()> heard) { heard_ = std::move(heard); }
    /// Its logs answer kStorageFailed from now on; the next start looks what there is.
    Task<> take_out_of_service(Error error);

    /// A small file of the directory's was refused for want of room, and will be tried once more.
    Task<> make_room() { return room_->make_room(); }

    /// A checkpoint of every part.
    Task<Result<void>> checkpoint();
    /// recovery-point-offset-checkpoint, replication-offset-checkpoint,
    /// log-start-offset-checkpoint.
    Task<Result<void>> write_offset_checkpoints();

    /// What the cleaners of all parts may use together, from now on.
    Task<> set_cleaner(CleanerConfig config);

    /// A clean stop: all parts settled, checkpoint files, all journals closed, the folder that
    /// keeps others out removed, and the marker last. Whatever fails, nothing behind it is done,
    /// and the next start recovers.
    Task<Result<void>> close();

private:
    enum class Recovery { kNone, kKafkas, kReplay };

    struct Part {
        ShardNumber shard{};
        std::unique_ptr<DirectoryPart> part;
    };

    LogDirectory(World& world, Logger& logger, std::string path, DirectoryIdentity identity,
                 LogConfig config, std::uint32_t number, std::shared_ptr<DiskRooms> rooms);

    Task<Result<void>> take_lock();
    Task<Result<void>> check_identity();
    Task<Result<void>> choose_engine();
    Task<Result<void>> try_direct_engine();
    Task<Result<void>> recover();
    enum class OnDamage { kRefuse, kAccept };
    using Scans = std::map<std::uint32_t, JournalScan>;

    Task<Result<std::vector<std::uint32_t>>> find_journals();
    Task<Result<Scans>> scan_journals(OnDamage on_damage);
    std::vector<OpenJournal> open_ones(const Scans& scans) const;
    void tell_way_out();
    Task<Result<Recovery>> choose_recovery(bool any_open);
    Task<Result<void>> keep_others_out();
    Task<Result<void>> replay(std::vector<OpenJournal> open);
    Task<Result<void>> keep_log_starts(const std::vector<OpenJournal>& open);
    Task<Result<void>> close_journals(std::vector<OpenJournal> open);
    Task<Result<LossReport>> salvage();
    Task<Result<void>> remove_journal(std::uint32_t index, const Journal::Past& past);

    void make_parts();
    Task<Result<void>> load_parts();
    Task<Result<void>> begin_lives();
    Task<> discard_left();
    Task<Result<std::vector<LogToLoad>>> list_logs();
    Task<Result<std::vector<std::vector<LogToLoad>>>> divide_logs();
    std::uint32_t part_of(const TopicPartition& name) const;
    std::vector<ShardNumber> part_shards() const;
    void note_logs();
    void note_failure();
    Task<> share_room();
    Task<Result<void>> settle_parts();
    Task<Result<void>> close_parts(bool are_settled);
    Task<Result<void>> with_room(Task<Result<void>> (LogDirectory::*write)());
    Task<Result<void>> leave_clean();

    Task<> note_points_told(const std::vector<std::vector<LogPoints>>& of_part);
    void start_cleaning(const Part& part);
    Task<Result<void>> write_cleaner_checkpoint();
    Task<Result<void>> read_cleaner_checkpoint();

    Task<Result<OffsetCheckpoint>> read_checkpoint(std::string_view file);
    Task<Result<void>> write_checkpoint(std::string_view file, OffsetCheckpoint entries);
    Task<bool> exists(std::string_view name);
    std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

    World& world_;
    Logger& logger_;
    const std::string path_;
    DirectoryIdentity identity_;
    LogConfig config_;  // of a part
    const std::uint32_t number_;
    File lock_;
    const std::shared_ptr<DiskRooms> rooms_;
    DiskRoom* room_{};
    bool whole_{};                                  // the logs' files, once the journals are closed
    std::map<std::uint32_t, Journal::Past> pasts_;  // between recovery and the opening of parts
    std::vector<Part> parts_;
    std::map<TopicPartition, Entry> logs_;
    std::vector<std::string> left_;  // folders of partitions that a former life has deleted
    OffsetCheckpoint told_;          // what the file of log starts may hold
    OffsetCheckpoint told_cleaned_;  // the same of how far logs were cleaned
    Semaphore checkpoint_turn_;      // one write at a time
    bool in_service_{true};
    std::function<void()> heard_;
};

}  // namespace millrace
