#include "cluster/brokerd/group_figures.hpp"

#include "core/runtime/shard_call.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace millrace {
namespace {

/// A partition that groups read, and where its log ends.
using Read = std::pair<std::string, std::int32_t>;
using Ends = std::map<Read, std::optional<std::int64_t>>;

struct Committed {
    std::string group;
    Read read;
    std::int64_t offset{};
};

/// A scrape costs bounded memory, and holds its shard for some ten milliseconds at most. A group
/// counts as one more than it has offsets.
constexpr std::size_t kTold = 20'000;

/// What one shard coordinates.
struct ShardGroups {
    std::vector<Committed> offsets;
    std::map<std::string, std::int64_t> members;
    std::int64_t left_out{};
};

Task<Result<void>> list_groups(const GroupCoordinator& groups, ShardGroups& into) {
    std::size_t told = 0;
    groups.each_group([&](const Group& group, const CommittedOffsets& offsets) {
        if (told + 1 + offsets.all().size() > kTold) {
            ++into.left_out;
            return;
        }
        told += 1 + offsets.all().size();
        into.members[group.id()] = static_cast<std::int64_t>(group.members().size());
        for (const auto& [key, value] : offsets.all()) {
            into.offsets.push_back(
                {group.id(), {groups.topics().name_of(key.topic), key.partition}, value.offset});
        }
    });
    co_return Result<void>();
}

/// Of the logs that are on `shard`.
Task<Result<void>> look_up_ends(const TopicsImage& image, ShardNumber shard, Ends& ends) {
    for (auto& [read, end] : ends) {
        const LogPlace* const place = image.find_log(read.first, read.second);
        const bool is_here = place != nullptr && place->log != nullptr && place->owner == shard;
        if (is_here) end = place->log->durable_end().value;
    }
    co_return Result<void>();
}

class Sheet {
public:
    void note(const Committed& each, std::optional<std::int64_t> end) {
        MetricLabels labels{{"consumergroup", each.group}, {"topic", each.read.first}};
        add("kafka_consumergroup_current_offset_sum", kOffsetSum, labels, each.offset);
        const std::int64_t lag = end ? std::max<std::int64_t>(*end - each.offset, 0) : 0;
        if (end) add("kafka_consumergroup_lag_sum", kLagSum, labels, lag);
        labels.insert(labels.begin() + 1, {"partition", std::to_string(each.read.second)});
        add("kafka_consumergroup_current_offset", kOffset, labels, each.offset);
        if (end) add("kafka_consumergroup_lag", kLag, labels, lag);
    }
    void note_members(const std::string& group, std::int64_t count) {
        add("kafka_consumergroup_members", kMembers, {{"consumergroup", group}}, count);
    }
    void note_left_out(std::int64_t count) {
        add("millrace_groups_without_figures", kLeftOut, {}, count);
    }

    MetricsSnapshot figures;

private:
    static constexpr std::string_view kOffset = "The offset that a group has committed";
    static constexpr std::string_view kOffsetSum = "These offsets of all partitions of a topic";
    static constexpr std::string_view kLag = "Records that a group has not committed yet";
    static constexpr std::string_view kLagSum = "These records of all partitions of a topic";
    static constexpr std::string_view kMembers = "Members of a group";
    static constexpr std::string_view kLeftOut =
        "Groups that have none, because there are too many";

    void add(std::string_view name, std::string_view help, const MetricLabels& labels,
             std::int64_t amount) {
        figures.help.try_emplace(std::string(name), help);
        auto& value = figures.values[MetricId{std::string(name), labels}];
        if (!std::holds_alternative<Gauge>(value)) value = Gauge();
        std::get<Gauge>(value).add(amount);
    }
};

}  // namespace

Task<MetricsSnapshot> group_figures(World& world,
                                    const std::vector<std::unique_ptr<BrokerShard>>& shards) {
    std::vector<ShardNumber> targets;
    for (ShardNumber each = 0; each < shards.size(); ++each) targets.push_back(each);
    std::vector<ShardGroups> groups(shards.size());
    const auto list = [&shards, &groups](std::size_t i) {
        return list_groups(shards[i]->context().groups, groups[i]);
    };
    (void)co_await visit_all(world, targets, list);
    Ends wanted;
    for (const ShardGroups& each : groups) {
        for (const Committed& one : each.offsets) wanted.emplace(one.read, std::nullopt);
    }
    // The logs stay as long as the image that names them.
    const auto image = shards.front()->context().view.now();
    std::vector<Ends> found(shards.size(), wanted);
    const auto look = [&image, &found](std::size_t i) {
        return look_up_ends(*image, static_cast<ShardNumber>(i), found[i]);
    };
    (void)co_await visit_all(world, targets, look);
    for (const Ends& each : found) {
        for (const auto& [read, end] : each) {
            if (end) wanted[read] = end;
        }
    }
    Sheet sheet;
    for (const ShardGroups& each : groups) {
        for (const Committed& one : each.offsets) sheet.note(one, wanted[one.read]);
        for (const auto& [group, count] : each.members) sheet.note_members(group, count);
        sheet.note_left_out(each.left_out);
    }
    co_return std::move(sheet.figures);
}

}  // namespace millrace
