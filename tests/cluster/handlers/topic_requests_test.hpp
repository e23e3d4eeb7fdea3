// Requests that make, grow and delete topics, and what is asked of them afterwards.
#pragma once

#include "tests/cluster/traps/trap_test.hpp"

namespace millrace {

inline CreateTopicsRequest create_request(std::string name, std::int32_t partitions = 1) {
    CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = std::move(name);
    topic.num_partitions = partitions;
    topic.replication_factor = 1;
    return request;
}

inline DeleteTopicsRequest delete_request(std::string name) {
    DeleteTopicsRequest request;
    request.topic_names.push_back(std::move(name));
    request.timeout_ms = 60'000;
    return request;
}

class TopicRequests : public TrapTest {
protected:
    using Created = CreateTopicsResponse::CreatableTopicResult;

    static Task<Created> create(Client& client, const CreateTopicsRequest& request,
                                std::int16_t version = 7) {
        const auto response = co_await client.ask<CreateTopicsResponse>(request, version);
        co_return response->topics.at(0);
    }

    static Task<std::int16_t> remove(Client& client, std::string name) {
        const DeleteTopicsRequest request = delete_request(std::move(name));
        const auto response = co_await client.ask<DeleteTopicsResponse>(request, 5);
        co_return response->responses.at(0).error_code;
    }

    /// What Metadata says of a topic that it doesn't make.
    static Task<MetadataResponse::Topic> look(Client& client, std::string name) {
        MetadataRequest request = metadata_of(std::move(name));
        request.allow_auto_topic_creation = false;
        auto response = co_await client.ask<MetadataResponse>(request, 12);
        co_return response->topics.at(0);
    }
};

}  // namespace millrace
