// What one shard owns of a log directory: a journal, the logs whose appends it makes durable, and
// their checkpoints.
#pragma once

#include "core/storage/ballast.hpp"
#include "core/storage/log_cleaning.hpp"
#include "core/storage/log_set.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace millrace {

/// What the start has found out about a log that a part shall load.
struct LogToLoad {
    TopicPartition name;
    PartitionLog::Past past;
};

/// What a directory's checkpoint files tell about a log.
struct LogPoints {
    TopicPartition name;
    Offset recovery_point;
    Offset high_watermark;
    std::optional<Offset> log_start;  // where it isn't the first segment's base
};

/// A partition that is deleted, and what its folder is called from then on.
struct Removal {
    TopicPartition name;
    std::string folder;
};

/// The disk is to blame, and not the moment: its directory can't serve any more.
bool is_of_broken_disk(const Error& error);

/// What the segments of a part may still have to grow by at any moment: a quarter of its journal,
/// and at least what two largest batches take.
std::uint64_t account_bytes(const LogConfig& config);

JournalOptions journal_options(const std::string& folder, const LogConfig& config,
                               std::uint32_t index);

/// Opened, used and closed on its shard; owned by the LogDirectory, which lets it go when all parts
/// are closed.
class DirectoryPart {
public:
    struct Place {
        ShardNumber shard{};
        DirectoryPart* part{};
    };

    /// What the part has of the directory's home shard.
    struct AtHome {
        ShardNumber shard{};
        std::function<void()> failed;
        std::function<Task<>()> make_room;
    };

    /// Files of the whole directory that a cleaner needs written, by its home shard.
    struct CleanerFiles {
        std::function<Task<Result<void>>()> write_points;
        std::function<Task<Result<void>>()> write_cleaned;
    };

    /// `config` has the part's share of what is a directory's total; `index` is its journal's.
    DirectoryPart(World& world, const Logger& logger, std::string path, std::uint32_t index,
                  LogConfig config);

    Task<Result<void>> load(std::vector<LogToLoad> logs);
    /// Begins a new life in the journal, which `past` says is closed or new. The logs of all parts
    /// are loaded then: a start that finds one journal open believes the other parts' files.
    Task<Result<void>> begin_life(Journal::Past past);

    const std::map<TopicPartition, std::unique_ptr<PartitionLog>>& logs() const {
        return set_.logs;
    }
    /// Errc::kStorageFailed when the directory is out of service, also by this very creation.
    Task<Result<PartitionLog*>> create(TopicPartition name, Uuid topic_id);
    /// Takes the partitions' logs out of service and renames their folders. Success: a start finds
    /// the new names. Between two checkpoints, so that none promises anything of them.
    Task<Result<void>> remove(std::vector<Removal> removals);
    /// Removes the renamed folders, whose logs nobody uses any more. What can't be removed is left
    /// to the next start.
    Task<> discard(std::vector<std::string> folders);
    /// The same for folders that were left by a former life, in the background.
    void discard_left(std::vector<std::string> folders);
    bool failed() const { return failed_; }
    /// When this part goes out of service, so do the others of its directory, and the home shard
    /// is told; what it wants room for is asked there.
    void set_others(std::vector<Place> others, AtHome at_home) {
        others_ = std::move(others);
        at_home_ = std::move(at_home);
    }

    // For its DiskRoom.
    bool is_out_of_room() const { return set_.shared.full; }
    /// What has to be free for it to go on.
    std::uint64_t bytes_wanted() const { return ballast_.bytes_wanted(); }
    /// The part is full, and its ballast is given up.
    Task<> give_up_room();
    /// The ballast stands again. Fails as a full disk does.
    Task<Result<void>> take_back_room();
    /// It is no longer full.
    void take_appends();
    /// The directory goes out of service.
    void fail(const Error& error);

    /// Brings everything so far into synced segments, so that the journal's frames before it are
    /// free. Logs that were idle for a while are trimmed. One at a time.
    Task<Result<void>> checkpoint();
    Result<std::vector<LogPoints>> points() const;
    /// The directory's file has the recovery points of `points`.
    void note_points_told(const std::vector<LogPoints>& points);

    /// Compacted logs are cleaned from now on, the dirtiest first, one at a time. After
    /// set_others().
    void start_cleaning(CleanerFiles files);
    /// Counts from the next cleaning on, its rate at once.
    void set_cleaner(const CleanerConfig& config) { cleaning_.config = config; }
    /// How far each log was cleaned.
    std::vector<std::pair<TopicPartition, Offset>> cleaned_logs() const;

    /// The first half of a clean stop: every log's file ends with its data, all of it synced, and
    /// nothing comes behind it. An error with a failed log.
    Task<Result<void>> settle();
    /// The second half. Of a part that is settled, the journal says so: it is closed, on stable
    /// storage. Otherwise it stays open, and the next start replays it.
    Task<Result<void>> close(bool is_settled);

private:
    struct Covered {
        PartitionLog* log;
        LogPosition end;
        std::uint64_t appends;
        bool settled;
    };

    Task<Result<void>> close_files();
    Task<Result<void>> remove_in_turn(const std::vector<Removal>& removals);
    Task<> discard_all(std::vector<std::string> folders);

    /// One at a time: checkpoints, and what may not come between their steps.
    Task<Result<void>> take_turn();
    void end_turn();
    Task<Result<void>> run_checkpoint();
    Task<Result<void>> settle_idle();
    std::vector<Covered> snapshot();
    Task<> drop_steadily();
    Task<> drop_all();
    Task<> clean_steadily();
    Task<bool> clean_dirtiest();
    Task<Result<std::optional<TopicPartition>>> find_dirtiest(CleaningBound bound);
    Task<Result<void>> clean(PartitionLog& log);
    Task<Result<void>> tell_home(const std::function<Task<Result<void>>()>& write);
    void give_up_cleaning(const PartitionLog& log, std::string_view reason);
    void note_cleaning_failed(const TopicPartition& name, LogId id, const Error& error);
    Task<> flush_steadily();
    Task<Result<void>> flush_due();
    static Task<Result<void>> fill(const Covered& covered);
    Task<Result<void>> fill_all(const std::vector<Covered>& covered);
    Task<Result<void>> write_checkpoint_frames(Lsn begin, const std::vector<Covered>& covered);
    Task<> checkpoint_in_background();
    void start_checkpoint();
    Task<> fill_in_background();
    void start_filling();
    Task<> make_room();
    void become_full();
    void go_out_of_service();
    Task<> tell_others();
    std::uint64_t reserve_bytes() const;

    World& world_;
    Logger logger_;
    const std::string path_;
    const std::uint32_t index_;
    LogSet set_;
    std::map<std::string, std::unique_ptr<PartitionLog>> removed_;  // by their folders' new names
    Ballast ballast_;
    bool failed_{};
    bool closing_{};
    std::unique_ptr<Journal> journal_;
    std::vector<Place> others_;
    AtHome at_home_;
    CleaningTools cleaning_;
    CleanerFiles cleaner_files_;
    std::set<LogId> uncleanable_;
    bool checkpoint_wanted_{};
    bool filling_wanted_{};
    bool busy_{};
    std::int64_t turns_{};
    WaitList turn_waiters_;
    WaitList background_waiters_;
    Gate gate_;
};

}  // namespace millrace
