// What a fetch wants: partitions in an order, as one request names them or as a session remembers
// them.
#pragma once

#include "cluster/replication/topics_image.hpp"
#include "protocol/error_code.hpp"
#include "protocol/message/fetch.hpp"

#include <list>
#include <map>
#include <string>
#include <utility>

namespace millrace {

/// From version 13 on requests name topics by id; `name` is then found out, once.
struct FetchTopic {
    std::string name;
    Uuid id;
    bool by_id{};
};

struct FetchPartition {
    FetchTopic* topic{};
    std::int32_t index{};
    Offset from;
    std::int32_t bytes_max{};
    std::int32_t leader_epoch = -1;        // -1: the client doesn't say
    std::int32_t last_fetched_epoch = -1;  // the same
    // What a session's client was told last; -1: nothing that still holds.
    std::int64_t high_watermark = -1;
    std::int64_t log_start = -1;
};

/// Owns the partitions. Each is there once: named again it takes the new wishes and keeps its
/// place.
class FetchPartitions {
public:
    using Order = std::list<FetchPartition>;

    /// What the request names, and without what it forgets. `by_id`: as its version says.
    void update(const FetchRequest& request, bool by_id);

    Order& in_order() { return order_; }
    std::size_t size() const { return order_.size(); }
    bool empty() const { return order_.empty(); }
    /// Behind all others, so that it doesn't starve them under a limit.
    void move_to_end(const FetchPartition& partition);

private:
    struct Topic {
        FetchTopic names;
        std::map<std::int32_t, Order::iterator> partitions;
    };
    using Topics = std::map<std::pair<Uuid, std::string>, Topic>;

    Topic& topic(const FetchRequest::Topic& wanted, bool by_id);
    void set(Topic& topic, const FetchRequest::Partition& wanted);
    void forget(const FetchRequest::ForgottenTopic& forgotten, bool by_id);

    Topics topics_;  // by what requests name them by
    Order order_;
};

/// The topic of an image that a fetch means, or why there is none.
struct FetchedTopic {
    ErrorCode code = ErrorCode::kNone;
    const TopicImage* image{};
};

/// Finds out the name that belongs to an id, and remembers it: a topic that is gone, and was made
/// anew under its name, is then INCONSISTENT_TOPIC_ID, as it is to Kafka.
FetchedTopic find_topic(const TopicsImage& image, FetchTopic& topic);

}  // namespace millrace
