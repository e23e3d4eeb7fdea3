#include "cluster/handlers/fetch_partitions.hpp"

namespace millrace {
namespace {

std::pair<Uuid, std::string> key_of(const Uuid& id, const std::string& name, bool by_id) {
    return by_id ? std::pair(id, std::string()) : std::pair(Uuid(), name);
}

}  // namespace

void FetchPartitions::update(const FetchRequest& request, bool by_id) {
    for (const auto& wanted : request.topics) {
        if (wanted.partitions.empty()) continue;
        Topic& found = topic(wanted, by_id);
        for (const auto& each : wanted.partitions) set(found, each);
    }
    // A request that begins anew, or has no session, has nothing to forget.
    if (request.session_epoch <= 0) return;
    for (const auto& each : request.forgotten_topics) forget(each, by_id);
}

FetchPartitions::Topic& FetchPartitions::topic(const FetchRequest::Topic& wanted, bool by_id) {
    auto [place, is_new] = topics_.try_emplace(key_of(wanted.topic_id, wanted.name, by_id));
    if (is_new) {
        place->second.names = {place->first.second, place->first.first, by_id};
    }
    return place->second;
}

void FetchPartitions::set(Topic& topic, const FetchRequest::Partition& wanted) {
    const auto [place, is_new] = topic.partitions.try_emplace(wanted.index);
    if (is_new) place->second = order_.emplace(order_.end());
    FetchPartition& partition = *place->second;
    partition.topic = &topic.names;
    partition.index = wanted.index;
    partition.from = Offset{wanted.fetch_offset};
    partition.bytes_max = wanted.partition_max_bytes;
    partition.leader_epoch = wanted.current_leader_epoch;
    partition.last_fetched_epoch = wanted.last_fetched_epoch;
}

void FetchPartitions::forget(const FetchRequest::ForgottenTopic& forgotten, bool by_id) {
    const auto found = topics_.find(key_of(forgotten.topic_id, forgotten.name, by_id));
    if (found == topics_.end()) return;
    auto& partitions = found->second.partitions;
    for (const std::int32_t index : forgotten.partitions) {
        const auto place = partitions.find(index);
        if (place == partitions.end()) continue;
        order_.erase(place->second);
        partitions.erase(place);
    }
    if (partitions.empty()) topics_.erase(found);
}

void FetchPartitions::move_to_end(const FetchPartition& partition) {
    const FetchTopic& names = *partition.topic;
    const auto key = key_of(names.id, names.name, names.by_id);
    const auto place = topics_.at(key).partitions.at(partition.index);
    order_.splice(order_.end(), order_, place);
}

FetchedTopic find_topic(const TopicsImage& image, FetchTopic& topic) {
    if (topic.by_id && topic.name.empty()) {
        const auto name = image.name_of(topic.id);
        if (!name) return {ErrorCode::kUnknownTopicId, nullptr};
        topic.name = *name;
    }
    const TopicImage* const found = image.find(topic.name);
    if (found == nullptr) return {ErrorCode::kUnknownTopicOrPartition, nullptr};
    if (topic.by_id && found->id != topic.id) return {ErrorCode::kInconsistentTopicId, nullptr};
    return {ErrorCode::kNone, found};
}

}  // namespace millrace
