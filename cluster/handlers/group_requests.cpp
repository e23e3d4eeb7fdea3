#include "cluster/handlers/group_requests.hpp"

namespace millrace {

GroupRoute route_to(const BrokerContext& broker, std::string_view group, bool may_be_nameless) {
    if (group.empty() && !may_be_nameless) return {ErrorCode::kInvalidGroupId};
    const auto image = broker.view.now();
    const TopicImage* const topic = image->find(kOffsetsTopic);
    if (topic == nullptr || topic->partitions.empty()) return {ErrorCode::kNotCoordinator};
    const std::int32_t index =
        group_partition(group, static_cast<std::int32_t>(topic->partitions.size()));
    const LogPlace& place = topic->partitions[static_cast<std::size_t>(index)];
    if (place.log == nullptr) return {ErrorCode::kNotCoordinator};
    return {ErrorCode::kNone, place.owner};
}

GroupRoute route_member_to(const BrokerContext& broker, RequestContext& context,
                           std::string_view group, bool may_be_nameless) {
    const GroupRoute route = route_to(broker, group, may_be_nameless);
    if (route.code == ErrorCode::kNone) context.works_on(route.owner);
    return route;
}

bool is_partition(const TopicsImage& image, std::string_view topic, std::int32_t partition) {
    return image.find_log(topic, partition) != nullptr;
}

}  // namespace millrace
