// A Kafka cluster as a client sees it: its brokers, who leads which partition, who coordinates
// which group.
#pragma once

#include "cluster/tools/link.hpp"
#include "core/base/types.hpp"
#include "protocol/message/metadata.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace millrace {

/// Links to the brokers that were needed so far. Lives on one shard; whoever connected it closes
/// it.
class Cluster {
public:
    Cluster(World& world, std::vector<Endpoint> bootstrap)
        : world_(world), bootstrap_(std::move(bootstrap)) {}

    World& world() const { return world_; }

    /// Finds the first of the bootstrap brokers that answers, and through it the others.
    Task<Outcome<>> connect();
    Task<> close();

    using Topic = MetadataResponse::Topic;

    /// All topics, by name, with their partitions in order.
    Task<Outcome<std::vector<Topic>>> all_topics();
    /// The named ones, in that order, each once. A name that isn't there is a failure that names
    /// the nearest.
    Task<Outcome<std::vector<Topic>>> topics(const std::vector<std::string>& names);
    static constexpr std::int32_t kDefaultPartitions = -1;

    /// Makes the topic with the cluster's defaults and waits for its leaders. One that is there is
    /// left as it is, whatever its partitions.
    Task<Outcome<>> ensure_topic(const std::string& name,
                                 std::int32_t partitions = kDefaultPartitions);
    Task<Outcome<>> remove_topic(const std::string& name);

    /// Of the brokers, as they were told last.
    const std::map<std::int32_t, Endpoint>& brokers() const { return brokers_; }
    /// -1 where nobody leads it, as it was told last.
    std::int32_t leader_of(const TopicPartition& partition) const;

    /// An open link, which lives as long as the cluster.
    Task<Outcome<Link*>> broker(std::int32_t id);
    Task<Outcome<Link*>> leader(const TopicPartition& partition);
    /// A coordinator that isn't there yet is waited for.
    Task<Outcome<Link*>> coordinator(const std::string& group);

private:
    Task<Outcome<MetadataResponse>> ask_metadata(const std::vector<std::string>* names);
    /// Names the nearest.
    Task<Failure> unknown_topic(const std::string& name);
    Task<Outcome<>> ask_to_make(const std::string& name, std::int32_t partitions);
    void remember(const MetadataResponse& response);
    Task<Outcome<Link*>> any_broker();

    World& world_;
    std::vector<Endpoint> bootstrap_;
    std::unique_ptr<Link> first_;  // to the bootstrap broker that answered
    std::map<std::int32_t, Endpoint> brokers_;
    std::map<std::int32_t, std::unique_ptr<Link>> links_;
    std::map<TopicPartition, std::int32_t> leaders_;
    std::int32_t controller_{-1};
};

Failure has_no_leader(const TopicPartition& partition);

/// host:port,host:port...; a port is 9092 unless told.
std::optional<std::vector<Endpoint>> parse_bootstrap(std::string_view text);

}  // namespace millrace
