// Traps 20 to 34: metadata and topics.
#include "tests/cluster/traps/trap_test.hpp"

#include <fstream>
#include <limits>

namespace millrace {
namespace {

constexpr std::int32_t kNotAsked = std::numeric_limits<std::int32_t>::min();

class MetadataTraps : public TrapTest {
protected:
    static Task<MetadataResponse> ask(Client& client, const MetadataRequest& request,
                                      std::int16_t version) {
        auto response = co_await client.ask<MetadataResponse>(request, version);
        EXPECT_TRUE(response);
        co_return std::move(*response);
    }

    static MetadataRequest about_id(const Uuid& id, std::optional<std::string> name) {
        MetadataRequest request;
        request.topics.emplace().push_back({id, std::move(name)});
        return request;
    }
};

TEST_P(MetadataTraps, Trap20_AnEmptyListMeansAllInVersionZeroOnly) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        MetadataRequest request;
        request.topics.emplace();
        const MetadataResponse zero = co_await ask(client, request, 0);
        EXPECT_EQ(zero.topics.size(), 1u);
        const MetadataResponse one = co_await ask(client, request, 1);
        EXPECT_TRUE(one.topics.empty());
        request.topics.reset();
        const MetadataResponse all = co_await ask(client, request, 1);
        EXPECT_EQ(all.topics.size(), 1u);
    });
}

TEST_P(MetadataTraps, Trap21_TopicIdsAreAskedForFromVersionTwelve) {
    with_broker([](Client& client) -> Task<> {
        const auto topic = co_await make_topic(client, "t");
        const MetadataRequest by_id = about_id(topic.topic_id, std::nullopt);
        const MetadataResponse known = co_await ask(client, by_id, 12);
        EXPECT_EQ(known.topics[0].name, "t");
        const MetadataRequest with_name = about_id(topic.topic_id, "other");
        const MetadataResponse same = co_await ask(client, with_name, 12);
        EXPECT_EQ(same.topics[0].name, "t");
        Uuid unknown = topic.topic_id;
        unknown.bytes[3] ^= std::byte{1};
        const MetadataRequest stranger = about_id(unknown, std::nullopt);
        const MetadataResponse none = co_await ask(client, stranger, 12);
        EXPECT_EQ(none.topics[0].error_code, raw(ErrorCode::kUnknownTopicId));
        EXPECT_EQ(none.topics[0].topic_id, unknown);
        for (const std::int16_t version : {10, 11}) {
            const MetadataRequest named = about_id(topic.topic_id, "t");
            const MetadataResponse refused = co_await ask(client, named, version);
            EXPECT_EQ(refused.topics[0].error_code, raw(ErrorCode::kInvalidRequest));
        }
    });
}

TEST_P(MetadataTraps, Trap22_OldVersionsCreateWithoutBeingAsked) {
    with_broker([](Client& client) -> Task<> {
        MetadataRequest request = metadata_of("asked");
        request.allow_auto_topic_creation = false;
        const MetadataResponse refused = co_await ask(client, request, 4);
        EXPECT_EQ(refused.topics[0].error_code, raw(ErrorCode::kUnknownTopicOrPartition));
        const MetadataRequest old = metadata_of("old");
        const MetadataResponse created = co_await ask(client, old, 3);
        EXPECT_EQ(created.topics[0].error_code, raw(ErrorCode::kLeaderNotAvailable));
        const MetadataResponse there = co_await ask(client, old, 3);
        EXPECT_EQ(there.topics[0].error_code, 0);
    });
}

TEST_P(MetadataTraps, Trap26_APartitionWithoutALeaderIsDescribedAllTheSame) {
    config_.log_dirs = {folder_ + "/a", folder_ + "/b"};
    config_.num_partitions = 4;
    const auto scenario = [this]() -> Task<> {
        co_await live([](Client& client) -> Task<> { (void)co_await make_topic(client, "t"); });
        std::filesystem::rename(folder_ + "/b", folder_ + "/hidden");
        std::ofstream(folder_ + "/b") << "no folder";
        co_await live([](Client& client) -> Task<> {
            const MetadataRequest request = metadata_of("t");
            const MetadataResponse told = co_await ask(client, request, 9);
            int lost = 0;
            for (const auto& each : told.topics[0].partitions) {
                EXPECT_EQ(each.replicas, std::vector<std::int32_t>{0});
                EXPECT_EQ(each.isr, std::vector<std::int32_t>{0});
                EXPECT_EQ(each.leader_epoch, 1);
                if (each.error_code == 0) continue;
                ++lost;
                EXPECT_EQ(each.error_code, raw(ErrorCode::kLeaderNotAvailable));
                EXPECT_EQ(each.leader_id, -1);
                EXPECT_EQ(each.offline_replicas, each.replicas);
            }
            EXPECT_GT(lost, 0);
        });
    };
    run(scenario());
}

TEST_P(MetadataTraps, Trap27_OperationsAreToldOnlyWhenAskedFor) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        MetadataRequest request = metadata_of("t");
        const MetadataResponse without = co_await ask(client, request, 8);
        EXPECT_EQ(without.cluster_authorized_operations, kNotAsked);
        EXPECT_EQ(without.topics[0].authorized_operations, kNotAsked);
        request.include_cluster_authorized_operations = true;
        request.include_topic_authorized_operations = true;
        const MetadataResponse with = co_await ask(client, request, 10);
        EXPECT_EQ(with.cluster_authorized_operations, 8096);
        EXPECT_EQ(with.topics[0].authorized_operations, 3576);
        request.topics->at(0).name = "nowhere";
        request.allow_auto_topic_creation = false;
        const MetadataResponse absent = co_await ask(client, request, 10);
        EXPECT_EQ(absent.topics[0].error_code, raw(ErrorCode::kUnknownTopicOrPartition));
        EXPECT_EQ(absent.topics[0].authorized_operations, 3576);
    });
}

TEST_P(MetadataTraps, Trap28_TheControllerIsOneOfTheBrokers) {
    with_broker([this](Client& client) -> Task<> {
        MetadataRequest request;
        request.topics.emplace();
        for (std::int16_t version = 1; version <= 12; ++version) {
            const MetadataResponse told = co_await ask(client, request, version);
            EXPECT_EQ(told.controller_id, told.brokers[0].node_id);
            EXPECT_EQ(told.brokers[0].port, port_);
        }
    });
}

TEST_P(MetadataTraps, Trap29_NamesOfTopicsHaveRules) {
    with_broker([](Client& client) -> Task<> {
        const std::string longest(249, 'x');
        for (const std::string& bad : {std::string("."), std::string(".."), std::string("a b"),
                                       std::string("\xc3\xa4"), longest + "x", std::string()}) {
            const MetadataRequest request = metadata_of(bad);
            const MetadataResponse refused = co_await ask(client, request, 9);
            EXPECT_EQ(refused.topics[0].error_code, raw(ErrorCode::kInvalidTopicException)) << bad;
        }
        for (const std::string& good : {std::string("a.b"), std::string("A-9"), longest}) {
            const MetadataRequest request = metadata_of(good);
            const MetadataResponse created = co_await ask(client, request, 9);
            EXPECT_EQ(created.topics[0].error_code, raw(ErrorCode::kLeaderNotAvailable)) << good;
        }
        const MetadataRequest close = metadata_of("a_b");
        const MetadataResponse collides = co_await ask(client, close, 9);
        EXPECT_EQ(collides.topics[0].error_code, raw(ErrorCode::kInvalidTopicException));
    });
}

TEST_P(MetadataTraps, Trap32_InternalTopicsAreMarkedAndNotProducedTo) {
    with_broker([](Client& client) -> Task<> {
        for (const char* const name :
             {"__consumer_offsets", "__transaction_state", "__share_group_state"}) {
            const Bytes batch = make_batch();
            const auto refused = co_await produce(client, name, 0, batch);
            EXPECT_EQ(refused.error_code, raw(ErrorCode::kInvalidTopicException)) << name;
        }
        const auto topic = co_await make_topic(client, "__mine");
        EXPECT_FALSE(topic.is_internal);
    });
}

TEST_P(MetadataTraps, Trap33_TopicIdsAreNeverReservedOnes) {
    with_broker([](Client& client) -> Task<> {
        for (const char* const name : {"a", "b", "c"}) {
            const auto topic = co_await make_topic(client, name);
            EXPECT_FALSE(topic.topic_id.is_zero());
            EXPECT_NE(topic.topic_id.to_string().front(), '-');
        }
    });
}

TEST_P(MetadataTraps, Trap34_CoordinatorsAreAnsweredPerKeyFromVersionFour) {
    with_broker([](Client& client) -> Task<> {
        FindCoordinatorRequest request;
        request.key = "group";
        const auto single = co_await client.ask<FindCoordinatorResponse>(request, 3);
        EXPECT_EQ(single->error_code, raw(ErrorCode::kCoordinatorNotAvailable));
        EXPECT_EQ(single->node_id, -1);
        request.key.clear();
        request.coordinator_keys = {"one", "two"};
        // The first question has made the topic.
        const auto batched = co_await client.ask<FindCoordinatorResponse>(request, 4);
        EXPECT_EQ(batched->error_code, 0);
        EXPECT_EQ(batched->coordinators.size(), 2u);
        EXPECT_EQ(batched->coordinators[1].key, "two");
        EXPECT_EQ(batched->coordinators[1].error_code, 0);
        EXPECT_EQ(batched->coordinators[1].host, "127.0.0.1");
    });
}

TEST_P(MetadataTraps, Trap34_TypesOfKeysAreKnownFromTheirVersions) {
    with_broker([](Client& client) -> Task<> {
        FindCoordinatorRequest request;
        request.coordinator_keys = {"one"};
        for (const std::int8_t type : {-1, 1, 2, 3}) {
            request.key_type = type;
            for (const std::int16_t version : {5, 6}) {
                const bool known = type >= 0 && type <= (version < 6 ? 1 : 2);
                const auto answer = co_await client.ask<FindCoordinatorResponse>(request, version);
                EXPECT_EQ(
                    answer->coordinators[0].error_code,
                    raw(known ? ErrorCode::kCoordinatorNotAvailable : ErrorCode::kInvalidRequest));
            }
        }
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, MetadataTraps, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
