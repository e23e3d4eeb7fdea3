// Who reads what: the groups that are coordinated on one shard, and how far they have read.
//
// A group is kept by one partition of __consumer_offsets, and coordinated on the shard of that
// partition's log: what has to outlive the broker is a record there, durable before anybody is
// told. Everything is answered from memory; a partition's groups are read from its log when it is
// first seen here, and clients are told to wait until then.
#pragma once

#include "cluster/groups/group.hpp"
#include "cluster/groups/group_records.hpp"
#include "cluster/replication/topics_image.hpp"
#include "core/observe/logger.hpp"
#include "core/runtime/gate.hpp"
#include "core/runtime/semaphore.hpp"
#include "core/storage/decompressor.hpp"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace millrace {

struct CoordinatorConfig {
    GroupLimits limits{};
    std::int32_t session_min_ms = 6'000;
    std::int32_t session_max_ms = 1'800'000;
    std::int32_t metadata_bytes_max = 4'096;
    std::int64_t retention_ms = std::int64_t{7} * 24 * 3600 * 1000;
    Duration expiry_interval = std::chrono::minutes(10);
    Duration store_timeout = std::chrono::seconds(5);
    Codec codec = Codec::kNone;
    // Of __consumer_offsets, when it is made.
    std::int32_t topic_partitions = 50;
    std::int32_t topic_segment_bytes = 100 << 20;
};

/// A partition's offset on its way into a group, and what became of it.
struct CommitLine {
    std::string_view topic;
    std::int32_t partition{};
    CommittedOffset value{};
    ErrorCode code = ErrorCode::kNone;
};

/// What is asked of an offset, and what is known of it.
struct OffsetLine {
    std::string topic;
    std::int32_t partition{};
    std::int64_t offset = -1;
    std::int32_t leader_epoch = -1;
    std::string metadata{};
    ErrorCode code = ErrorCode::kNone;
};

struct GroupOverview {
    std::string id;
    std::string protocol_type;
    std::string state;
};

struct DescribedMember {
    std::string id;
    std::optional<std::string> instance_id;
    std::string client_id;
    std::string client_host;
    Bytes metadata;
    Bytes assignment;
};

struct DescribedGroup {
    std::string state;
    std::string protocol_type{};
    std::string protocol{};
    std::vector<DescribedMember> members{};
};

/// Lives on its shard as long as the broker. Whoever asks has found that the group's partition is
/// here; what has moved meanwhile is answered NOT_COORDINATOR.
class GroupCoordinator {
public:
    GroupCoordinator(World& world, Logger& logger, TopicsView& view, CoordinatorConfig config);

    /// Reads the groups of the partitions that are here, in the background.
    void start();
    /// Whoever waits for a group is told, and nobody waits from now on.
    void stop_waits();
    /// Returns when nothing is under way. REQUIRES: stop_waits().
    Task<> stop();

    /// NONE when the group is coordinated here and its partition is loaded.
    ErrorCode look(std::string_view group) { return admit(group).code; }

    Task<JoinAnswer> join(std::string_view group, JoinWish wish);
    Task<SyncAnswer> sync(std::string_view group, SyncWish wish);
    ErrorCode heartbeat(std::string_view group, const MemberClaim& who);
    /// The answer as a whole; those of the members go into `codes`, which has room for them.
    ErrorCode leave(std::string_view group, std::span<const MemberClaim> members,
                    std::span<ErrorCode> codes);

    /// Durable when a line says NONE.
    Task<> commit(std::string_view group, const MemberClaim& who, std::vector<CommitLine>& lines);
    /// Fills the lines; of all that the group has when there are none.
    ErrorCode fetch(std::string_view group, bool all, bool only_stable,
                    std::vector<OffsetLine>& lines);
    /// Deletes the offsets of the lines, whose codes say what became of them.
    Task<ErrorCode> delete_offsets(std::string_view group, std::vector<CommitLine>& lines);
    /// Deletes a group that has no members, with its offsets.
    Task<ErrorCode> remove(std::string_view group);
    /// The topics are gone, and so are the offsets in them.
    Task<> forget_topics(const std::vector<std::string>& names);

    /// LOAD_IN_PROGRESS while some group may be missing.
    ErrorCode list(std::vector<GroupOverview>& groups) const;
    ErrorCode describe(std::string_view group, DescribedGroup& into);

    /// Calls `visit(group, offsets)` for each group that is loaded.
    template <class Visit>
    void each_group(Visit visit) const {
        for (const auto& [index, partition] : partitions_) {
            for (const auto& [id, entry] : partition->groups) visit(entry->group, entry->offsets);
        }
    }
    const TopicNumbers& topics() const { return topics_; }

    const CoordinatorConfig& config() const { return config_; }

private:
    struct Entry;
    /// Goes off at the group's next deadline.
    struct Alarm : Timer {
        Alarm(GroupCoordinator& owner, Entry& entry)
            : Timer(&Alarm::fire), coordinator(owner), watched(entry) {}
        static void fire(Timer& timer);

        GroupCoordinator& coordinator;
        Entry& watched;
        Time set_to{};
    };

    struct Partition;
    /// A group with all that belongs to it. Whoever waits with it holds it.
    struct Entry : std::enable_shared_from_this<Entry> {
        template <class... Stored>
        explicit Entry(std::weak_ptr<Partition> home, Stored&&... stored)
            : partition(std::move(home)), group(std::forward<Stored>(stored)...) {}

        const std::weak_ptr<Partition> partition;
        Group group;
        CommittedOffsets offsets;
        std::unique_ptr<Alarm> alarm;  // while it is set
    };
    using EntryPtr = std::shared_ptr<Entry>;

    /// What is here of one partition of __consumer_offsets.
    struct Partition {
        Partition(World& world, std::int32_t number, Uuid id)
            : index(number), topic_id(id), turn(world, 1) {}

        const std::int32_t index;
        const Uuid topic_id;
        bool loaded{};
        Semaphore turn;  // appends go into the log in the order of what happened
        std::map<std::string_view, EntryPtr> groups;  // by the entry's own id
    };
    using PartitionPtr = std::shared_ptr<Partition>;

    struct Admitted {
        ErrorCode code;
        PartitionPtr partition{};
    };
    struct Loading;

    Moment now() const { return {world_.now(), world_.wall_clock_ms()}; }
    Admitted admit(std::string_view group);
    PartitionPtr partition_at(std::int32_t index, const TopicImage& topic);
    void drop(std::int32_t index);
    static EntryPtr find(const Partition& partition, std::string_view group);
    EntryPtr find_or_add(const PartitionPtr& partition, std::string_view group);
    /// Does what the last event of the group has left to do.
    void settle(Entry& entry);
    void on_alarm(Entry& entry);
    Task<> store(EntryPtr entry, GroupStore store);
    Task<Result<Offset>> append(PartitionPtr partition, Bytes batch);

    // Loading.
    Task<> load(PartitionPtr partition);
    Task<Result<void>> read_all(const Partition& partition, Loading& into);
    Result<void> read_batch(const RecordBatchView& batch, Loading& into);
    void take_loaded(const PartitionPtr& partition, Loading loaded);

    // Offsets.
    bool check_lines(std::vector<CommitLine>& lines) const;
    Task<> store_lines(const PartitionPtr& partition, EntryPtr entry,
                       std::vector<CommitLine>& lines);
    Task<> expire_steadily();
    Task<> expire_all(Moment now);
    std::vector<OffsetKey> expired(const Entry& entry, TimestampMs now) const;
    /// Removes them from memory, then from the log; the group too when nothing is left of it.
    Task<> drop_offsets(PartitionPtr partition, EntryPtr entry, std::vector<OffsetKey> keys);

    World& world_;
    Logger& logger_;
    TopicsView& view_;
    const CoordinatorConfig config_;
    Decompressor decompressor_;
    TopicNumbers topics_;
    std::map<std::int32_t, PartitionPtr> partitions_;  // of those that are here
    Semaphore load_turn_;
    WaitList stopping_waiters_;
    bool stopping_{};
    Gate gate_;
};

}  // namespace millrace
