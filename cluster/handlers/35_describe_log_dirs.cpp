// DescribeLogDirs, versions 0-4.
//
// Every directory of log.dirs, in that order and under the name that it has there, also without
// any of the partitions asked for; null asks for all of them. A directory out of service is
// answered with KAFKA_STORAGE_ERROR and nothing else. Sizes are of batches, without indexes and
// without what is prepared ahead.
#include "cluster/handlers/by_owner.hpp"
#include "cluster/handlers/handlers.hpp"
#include "core/runtime/file.hpp"
#include "protocol/error_code.hpp"

#include <algorithm>
#include <limits>
#include <set>

namespace millrace {
namespace {

using Directories = std::vector<LogDirStatus>;

/// A log that was asked for, and what its shard says of it.
struct Replica {
    std::string_view topic;
    std::int32_t partition{};
    PartitionLog* log{};
    std::string directory;
    std::uint64_t size{};
};

using Replicas = ByOwner<std::vector<Replica>>;

class Wanted {
public:
    explicit Wanted(const DescribeLogDirsRequest& request) : all_(!request.topics) {
        if (all_) return;
        for (const auto& topic : *request.topics) {
            partitions_[topic.topic].insert(topic.partitions.begin(), topic.partitions.end());
        }
    }

    bool holds(std::string_view topic, std::int32_t partition) const {
        if (all_) return true;
        const auto found = partitions_.find(topic);
        return found != partitions_.end() && found->second.count(partition) > 0;
    }

private:
    bool all_;
    std::map<std::string_view, std::set<std::int32_t>> partitions_;
};

Replicas find_replicas(const TopicsImage& image, const DescribeLogDirsRequest& request) {
    Replicas replicas;
    const Wanted wanted(request);
    for (const auto& [name, topic] : image.topics) {
        for (std::size_t i = 0; i < topic->partitions.size(); ++i) {
            const LogPlace& place = topic->partitions[i];
            const auto index = static_cast<std::int32_t>(i);
            if (place.log == nullptr || !wanted.holds(name, index)) continue;
            Replica replica;
            replica.topic = name;
            replica.partition = index;
            replica.log = place.log;
            replicas[place.owner].push_back(std::move(replica));
        }
    }
    return replicas;
}

std::string directory_of(const PartitionLog& log) {
    const std::string& folder = log.folder();
    return folder.substr(0, folder.rfind('/'));
}

/// On the owner.
Task<> look(BrokerContext&, std::vector<Replica>& mine) {
    for (Replica& each : mine) {
        each.directory = directory_of(*each.log);
        each.size = each.log->size();
    }
    co_return;
}

/// In the order of names and partitions, which is not that of shards.
using ByName = std::map<std::string_view, std::map<std::int32_t, const Replica*>>;

std::vector<DescribeLogDirsResponse::Topic> describe(const ByName& replicas,
                                                     const std::string& directory) {
    std::vector<DescribeLogDirsResponse::Topic> topics;
    for (const auto& [name, partitions] : replicas) {
        DescribeLogDirsResponse::Topic topic;
        topic.name = name;
        for (const auto& [index, replica] : partitions) {
            if (replica->directory != directory) continue;
            DescribeLogDirsResponse::Partition partition;
            partition.partition_index = index;
            partition.partition_size = static_cast<std::int64_t>(replica->size);
            topic.partitions.push_back(partition);
        }
        if (!topic.partitions.empty()) topics.push_back(std::move(topic));
    }
    return topics;
}

/// A filesystem may be larger than the field.
std::int64_t to_field(std::uint64_t bytes) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(std::min(bytes, kMost));
}

Task<DescribeLogDirsResponse::Result> describe(World& world, const LogDirStatus& directory,
                                               const ByName& replicas) {
    DescribeLogDirsResponse::Result result;
    result.log_dir = directory.path;
    result.error_code = raw(ErrorCode::kKafkaStorageError);
    if (!directory.in_service) co_return result;
    const auto space = co_await filesystem_space(world, directory.path);
    if (!space) co_return result;
    result.error_code = raw(ErrorCode::kNone);
    result.topics = describe(replicas, directory.path);
    result.total_bytes = to_field(space->total);
    result.usable_bytes = to_field(space->available);
    co_return result;
}

}  // namespace

Task<DescribeLogDirsResponse> handle_describe_log_dirs(BrokerContext& broker, RequestContext&,
                                                       const DescribeLogDirsRequest& request) {
    const auto ask = [&broker] { return broker.topics.log_dirs(); };
    ShardCall call(broker.world, 0, ask);
    const Directories directories = co_await call.run();
    const auto image = broker.view.now();
    Replicas replicas = find_replicas(*image, request);
    co_await visit_owners(broker, replicas, &look);
    ByName by_name;
    for (const auto& [owner, mine] : replicas) {
        for (const Replica& each : mine) by_name[each.topic][each.partition] = &each;
    }
    DescribeLogDirsResponse response;
    for (const LogDirStatus& each : directories) {
        auto result = co_await describe(broker.world, each, by_name);
        response.results.push_back(std::move(result));
    }
    co_return response;
}

}  // namespace millrace
