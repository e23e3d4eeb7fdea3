// Topics that are made and grown by request: what becomes of them, and what is refused how.
#include "tests/cluster/handlers/topic_requests_test.hpp"

#include <functional>

namespace millrace {
namespace {

class CreateTopics : public TopicRequests {
protected:
    using Change = std::function<void(CreateTopicsRequest&)>;

    /// Sends what `change` makes of a request that could be carried out.
    static Task<> ask_in_vain(Client& client, ErrorCode code, std::string text, Change change) {
        CreateTopicsRequest request = create_request("t");
        change(request);
        const Created topic = co_await create(client, request);
        EXPECT_EQ(topic.error_code, raw(code));
        EXPECT_EQ(topic.error_message, text);
        EXPECT_EQ(topic.num_partitions, -1);
        EXPECT_TRUE(topic.configs->empty());
    }

    static Task<> make_first(Client& client) {
        const CreateTopicsRequest first = create_request("a.b");
        const Created made = co_await create(client, first);
        EXPECT_EQ(made.error_code, 0);
    }
};

TEST_P(CreateTopics, AllVersionsMakeATopicWithItsPartitions) {
    with_broker([](Client& client) -> Task<> {
        for (std::int16_t version = 0; version <= 7; ++version) {
            const std::string name = "t" + std::to_string(version);
            const CreateTopicsRequest request = create_request(name, 3);
            const Created topic = co_await create(client, request, version);
            EXPECT_EQ(topic.error_code, 0);
            EXPECT_EQ(topic.name, name);
            const auto found = co_await look(client, name);
            EXPECT_EQ(found.partitions.size(), 3u);
            if (version >= 5) {
                EXPECT_EQ(topic.num_partitions, 3);
            }
            if (version >= 7) {
                EXPECT_EQ(topic.topic_id, found.topic_id);
            }
        }
    });
}

TEST_P(CreateTopics, AConfigurationIsKeptOverAStart) {
    const auto scenario = [this]() -> Task<> {
        co_await live([](Client& client) -> Task<> {
            CreateTopicsRequest request = create_request("t");
            request.topics[0].configs = {{"max.message.bytes", "100"}};
            const Created topic = co_await create(client, request);
            EXPECT_EQ(topic.error_code, 0);
            const auto is_it = [](const auto& each) { return each.name == "max.message.bytes"; };
            const auto found = std::ranges::find_if(*topic.configs, is_it);
            EXPECT_EQ(found->value, "100");
            EXPECT_EQ(found->config_source, 1);
        });
        co_await live([](Client& client) -> Task<> {
            const Bytes batch = make_batch({.value_bytes = 100});
            const auto answer = co_await produce(client, "t", 0, batch);
            EXPECT_EQ(answer.error_code, raw(ErrorCode::kMessageTooLarge));
        });
    };
    run(scenario());
}

TEST_P(CreateTopics, Trap29_NamesThatDifferInDotAndUnderscoreCollide) {
    with_broker([](Client& client) -> Task<> {
        co_await make_first(client);
        const Change change = [](auto& request) { request.topics[0].name = "a_b"; };
        const std::string text = "Topic 'a_b' collides with existing topics: a.b";
        co_await ask_in_vain(client, ErrorCode::kInvalidTopicException, text, change);
    });
}

TEST_P(CreateTopics, Trap30_DefaultsAreAskedForByMinusOne) {
    with_broker([](Client& client) -> Task<> {
        CreateTopicsRequest request = create_request("t", -1);
        request.topics[0].replication_factor = -1;
        EXPECT_EQ((co_await create(client, request)).num_partitions, 2);
    });
}

TEST_P(CreateTopics, Trap30_AnAssignmentComesWithoutNumbers) {
    with_broker([](Client& client) -> Task<> {
        CreateTopicsRequest request = create_request("t");
        request.topics[0].assignments = {{1, {0}}, {0, {0}}};
        EXPECT_EQ((co_await create(client, request)).error_code, raw(ErrorCode::kInvalidRequest));
        request.topics[0].num_partitions = -1;
        request.topics[0].replication_factor = -1;
        EXPECT_EQ((co_await create(client, request)).num_partitions, 2);
    });
}

TEST_P(CreateTopics, Trap30_ValidateOnlyMakesNothing) {
    with_broker([](Client& client) -> Task<> {
        CreateTopicsRequest request = create_request("t");
        request.validate_only = true;
        const Created topic = co_await create(client, request);
        EXPECT_EQ(topic.error_code, 0);
        EXPECT_EQ(topic.num_partitions, 1);
        const auto found = co_await look(client, "t");
        EXPECT_EQ(found.error_code, raw(ErrorCode::kUnknownTopicOrPartition));
    });
}

TEST_P(CreateTopics, Trap30_ATopicNamedTwiceIsRefusedAndTheOthersAreMade) {
    with_broker([](Client& client) -> Task<> {
        CreateTopicsRequest request = create_request("t");
        request.topics.push_back(request.topics[0]);
        request.topics.push_back(create_request("u").topics[0]);
        const auto response = co_await client.ask<CreateTopicsResponse>(request, 7);
        EXPECT_EQ(response->topics.at(0).error_code, raw(ErrorCode::kInvalidRequest));
        EXPECT_EQ(response->topics.at(1).error_message, "Found multiple entries for this topic.");
        EXPECT_EQ(response->topics.at(2).error_code, 0);
    });
}

TEST_P(CreateTopics, Trap30_WithoutATimeoutItIsMadeAndAnsweredTimedOut) {
    with_broker([](Client& client) -> Task<> {
        CreateTopicsRequest request = create_request("t");
        request.timeout_ms = 0;
        EXPECT_EQ((co_await create(client, request)).error_code, raw(ErrorCode::kRequestTimedOut));
        EXPECT_EQ((co_await look(client, "t")).error_code, 0);
    });
}

TEST_P(CreateTopics, WhatCannotBeIsRefusedInKafkasWords) {
    struct Case {
        ErrorCode code;
        const char* text;
        Change change;
    };
    const std::vector<Case> cases{
        {ErrorCode::kTopicAlreadyExists, "Topic 'a.b' already exists.",
         [](auto& request) { request.topics[0].name = "a.b"; }},
        {ErrorCode::kInvalidPartitions, "Number of partitions must be larger than 0.",
         [](auto& request) { request.topics[0].num_partitions = 0; }},
        {ErrorCode::kInvalidReplicationFactor,
         "Replication factor: 3 larger than available brokers: 1.",
         [](auto& request) { request.topics[0].replication_factor = 3; }},
        {ErrorCode::kInvalidConfig, "Unknown topic config name: colour",
         [](auto& request) { request.topics[0].configs.push_back({"colour", "blue"}); }}};
    with_broker([&cases](Client& client) -> Task<> {
        co_await make_first(client);
        for (const Case& each : cases) {
            const std::string text = each.text;
            const Change change = each.change;
            co_await ask_in_vain(client, each.code, text, change);
        }
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, CreateTopics, testing::Values(1, 3));

class CreatePartitions : public TopicRequests {
protected:
    static CreatePartitionsRequest grow_to(std::int32_t count) {
        CreatePartitionsRequest request;
        request.timeout_ms = 60'000;
        request.topics.push_back({"t", count, std::nullopt});
        return request;
    }

    static Task<CreatePartitionsResponse::TopicResult> grow(
        Client& client, const CreatePartitionsRequest& request) {
        const auto response = co_await client.ask<CreatePartitionsResponse>(request, 3);
        co_return response->results.at(0);
    }
};

TEST_P(CreatePartitions, ATopicGrowsAndStaysSo) {
    const auto scenario = [this]() -> Task<> {
        co_await live([](Client& client) -> Task<> {
            (void)co_await make_topic(client, "t");
            const CreatePartitionsRequest request = grow_to(5);
            EXPECT_EQ((co_await grow(client, request)).error_code, 0);
            const Bytes batch = make_batch();
            EXPECT_EQ((co_await produce(client, "t", 4, batch)).error_code, 0);
        });
        co_await live([](Client& client) -> Task<> {
            EXPECT_EQ((co_await look(client, "t")).partitions.size(), 5u);
        });
    };
    run(scenario());
}

TEST_P(CreatePartitions, WhatCannotBeIsRefusedInKafkasWords) {
    with_broker([](Client& client) -> Task<> {
        CreatePartitionsRequest request = grow_to(2);
        EXPECT_EQ((co_await grow(client, request)).error_message, "The topic 't' does not exist.");
        (void)co_await make_topic(client, "t");
        EXPECT_EQ((co_await grow(client, request)).error_message,
                  "Topic already has 2 partitions.");
        request = grow_to(1);
        const auto fewer = co_await grow(client, request);
        EXPECT_EQ(fewer.error_code, raw(ErrorCode::kInvalidPartitions));
        EXPECT_EQ(fewer.error_message,
                  "Topic currently has 2 partitions, which is higher than the requested 1.");
        request = grow_to(3);
        request.topics[0].assignments.emplace().push_back({{7}});
        const auto unknown = co_await grow(client, request);
        EXPECT_EQ(unknown.error_code, raw(ErrorCode::kInvalidReplicaAssignment));
        EXPECT_EQ(unknown.error_message, "Unknown broker(s) in replica assignment: 7.");
        request.topics[0].assignments.emplace().push_back({{0}});
        request.validate_only = true;
        EXPECT_EQ((co_await grow(client, request)).error_code, 0);
        EXPECT_EQ((co_await look(client, "t")).partitions.size(), 2u);
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, CreatePartitions, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
