// OffsetForLeaderEpoch, versions 0-4.
//
// Where the batches of a leader epoch end in a log: consumers find out by it that a log was cut
// below what they have read, followers where they have to cut theirs. The current epoch ends where
// consumers may read to. An epoch that nobody knows is answered with (-1, -1) and no error.
#include "cluster/handlers/by_owner.hpp"
#include "cluster/handlers/find_log.hpp"
#include "cluster/handlers/handlers.hpp"

#include <set>

namespace millrace {
namespace {

struct LookUp {
    LogQuestion of;
    LeaderEpoch current;
    LeaderEpoch asked;
    Result<EpochEnd> found{Errc::kStopping};
};

using LookUps = ByOwner<std::vector<LookUp>>;

/// The answer so far: refusals stand in it, and what has to be looked up is in `look_ups`.
OffsetForLeaderEpochResponse divide(const TopicsImage& image,
                                    const OffsetForLeaderEpochRequest& request, LookUps& look_ups) {
    OffsetForLeaderEpochResponse response;
    std::set<std::string_view> answered;
    for (const auto& topic : request.topics) {
        // Kafka answers the first of several topics of the same name.
        if (!answered.insert(topic.topic).second) continue;
        auto& answers = response.topics.emplace_back();
        answers.topic = topic.topic;
        const TopicImage* const known = image.find(topic.topic);
        for (const auto& wanted : topic.partitions) {
            const FoundLog found = find_log(known, wanted.partition, wanted.current_leader_epoch);
            if (found.code == ErrorCode::kNone) {
                LookUp look_up;
                look_up.of = {response.topics.size() - 1, answers.partitions.size(),
                              found.place.log};
                look_up.current = known->leader_epoch;
                look_up.asked = LeaderEpoch{wanted.leader_epoch};
                look_ups[found.place.owner].push_back(look_up);
            }
            auto& partition = answers.partitions.emplace_back();
            partition.partition = wanted.partition;
            partition.error_code = raw(found.code);
        }
    }
    return response;
}

/// On the owner.
Task<> look_all_up(BrokerContext&, std::vector<LookUp>& look_ups) {
    for (LookUp& each : look_ups) {
        const PartitionLog& log = *each.of.log;
        if (log.failed()) {
            each.found = log.failure();
        } else {
            each.found = log.end_of(each.asked, each.current);
        }
    }
    co_return;
}

}  // namespace

Task<OffsetForLeaderEpochResponse> handle_offset_for_leader_epoch(
    BrokerContext& broker, RequestContext&, const OffsetForLeaderEpochRequest& request) {
    const auto image = broker.view.now();
    LookUps look_ups;
    OffsetForLeaderEpochResponse response = divide(*image, request, look_ups);
    co_await visit_owners(broker, look_ups, &look_all_up);
    for (const auto& [owner, mine] : look_ups) {
        for (const LookUp& each : mine) {
            auto& partition = response.topics[each.of.topic].partitions[each.of.partition];
            if (each.found) {
                partition.leader_epoch = each.found->epoch.value;
                partition.end_offset = each.found->end.value;
            } else {
                partition.error_code = raw(to_error_code(each.found.error()));
            }
        }
    }
    co_return response;
}

}  // namespace millrace
