// OffsetDelete, version 0: a group forgets its offsets of some partitions. Those of topics that its
// members read stay.
#include "cluster/handlers/group_requests.hpp"
#include "cluster/handlers/handlers.hpp"

namespace millrace {

Task<OffsetDeleteResponse> handle_offset_delete(BrokerContext& broker, RequestContext&,
                                                const OffsetDeleteRequest& request) {
    OffsetDeleteResponse response;
    const auto image = broker.view.now();
    std::vector<CommitLine> lines;
    std::vector<std::pair<std::size_t, std::size_t>> places;
    for (const auto& topic : request.topics) {
        auto& told = response.topics.emplace_back();
        told.name = topic.name;
        for (const auto& wanted : topic.partitions) {
            told.partitions.push_back({wanted.partition_index, 0});
            if (!is_partition(*image, topic.name, wanted.partition_index)) {
                told.partitions.back().error_code = raw(ErrorCode::kUnknownTopicOrPartition);
                continue;
            }
            lines.push_back({topic.name, wanted.partition_index});
            places.emplace_back(response.topics.size() - 1, told.partitions.size() - 1);
        }
    }
    const GroupRoute route = route_to(broker, request.group_id, false);
    ErrorCode code = route.code;
    if (code == ErrorCode::kNone) {
        const auto visit = [&request, &lines](GroupCoordinator& there) {
            return there.delete_offsets(request.group_id, lines);
        };
        auto call = visit_coordinator(broker, route, visit);
        code = co_await call.run();
    }
    if (code != ErrorCode::kNone) {
        response.topics.clear();
        response.error_code = raw(code);
        co_return response;
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto [topic, partition] = places[i];
        response.topics[topic].partitions[partition].error_code = raw(lines[i].code);
    }
    co_return response;
}

}  // namespace millrace
