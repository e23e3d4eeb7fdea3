// The requests that most tests of a broker send, about one topic or one partition.
#pragma once

#include "protocol/message/fetch.hpp"
#include "protocol/message/metadata.hpp"
#include "protocol/message/produce.hpp"

#include <string>
#include <utility>

namespace millrace {

inline MetadataRequest metadata_of(std::string topic) {
    MetadataRequest request;
    request.topics.emplace().push_back({{}, std::move(topic)});
    return request;
}

/// `batch` outlives the request.
inline ProduceRequest produce_to(std::string topic, std::int32_t index, ByteView batch,
                                 std::int16_t acks) {
    ProduceRequest request;
    request.acks = acks;
    request.timeout_ms = 60'000;
    auto& wanted = request.topics.emplace_back();
    wanted.name = std::move(topic);
    wanted.partitions.emplace_back().index = index;
    wanted.partitions.back().records = batch;
    return request;
}

/// From partition 0, outside any session.
inline FetchRequest fetch_from(std::string topic, std::int64_t offset, std::int32_t wait_ms,
                               std::int32_t bytes_max = 1 << 20) {
    FetchRequest request;
    request.max_wait_ms = wait_ms;
    request.min_bytes = 1;
    request.session_epoch = -1;
    auto& wanted = request.topics.emplace_back();
    wanted.name = std::move(topic);
    wanted.partitions.emplace_back().fetch_offset = offset;
    wanted.partitions.back().partition_max_bytes = bytes_max;
    return request;
}

}  // namespace millrace
