// Traps 65 to 73: offsets and epochs.
#include "tests/cluster/traps/trap_test.hpp"

namespace millrace {
namespace {

class OffsetTraps : public TrapTest {
protected:
    using EpochEndOffset = OffsetForLeaderEpochResponse::EpochEndOffset;

    static OffsetForLeaderEpochRequest about(const char* topic, std::int32_t index,
                                             std::int32_t epoch, std::int32_t current = -1) {
        OffsetForLeaderEpochRequest request;
        auto& wanted = request.topics.emplace_back();
        wanted.topic = topic;
        wanted.partitions.push_back({index, current, epoch});
        return request;
    }

    static Task<EpochEndOffset> end_of(Client& client, const OffsetForLeaderEpochRequest& request,
                                       std::int16_t version = 3) {
        auto response = co_await client.ask<OffsetForLeaderEpochResponse>(request, version);
        co_return response->topics[0].partitions[0];
    }

    static Task<> expect_end(Client& client, std::int32_t asked, std::int32_t epoch,
                             std::int64_t end) {
        for (std::int16_t version = 0; version <= 4; ++version) {
            const OffsetForLeaderEpochRequest request = about("t", 0, asked);
            const EpochEndOffset found = co_await end_of(client, request, version);
            EXPECT_EQ(found.error_code, 0);
            EXPECT_EQ(found.leader_epoch, version > 0 ? epoch : -1) << "asked for " << asked;
            EXPECT_EQ(found.end_offset, end) << "asked for " << asked;
        }
    }
};

TEST_P(OffsetTraps, Trap70_UndefinedIsNoErrorAndTheEpochMayBeLowerThanAsked) {
    const auto scenario = [this]() -> Task<> {
        // Epochs 0, 1 and 3 have two records each, epoch 2 none, and 4 is the current one.
        for (const int records : {2, 2, 0, 2}) {
            co_await live([records](Client& client) -> Task<> {
                (void)co_await make_topic(client, "t");
                if (records == 0) co_return;
                const Bytes batch = make_batch({.records = records});
                (void)co_await produce(client, "t", 0, batch);
            });
        }
        co_await live([](Client& client) -> Task<> {
            co_await expect_end(client, 0, 0, 2);
            co_await expect_end(client, 1, 1, 4);
            co_await expect_end(client, 2, 1, 4);
            co_await expect_end(client, 3, 3, 6);
            co_await expect_end(client, 4, 4, 6);
            co_await expect_end(client, 5, -1, -1);
            co_await expect_end(client, -1, -1, -1);
        });
    };
    run(scenario());
}

TEST_P(OffsetTraps, Trap70_WhoBelievesInAnotherLeaderIsTold) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        const auto code_of = [&client](const char* topic, std::int32_t index,
                                       std::int32_t current) -> Task<std::int16_t> {
            const OffsetForLeaderEpochRequest request = about(topic, index, 0, current);
            const EpochEndOffset found = co_await end_of(client, request);
            EXPECT_EQ(found.end_offset, found.error_code == 0 ? 0 : -1);
            co_return found.error_code;
        };
        EXPECT_EQ(co_await code_of("t", 0, -1), 0);
        EXPECT_EQ(co_await code_of("t", 1, 0), 0);
        EXPECT_EQ(co_await code_of("t", 0, 1), raw(ErrorCode::kUnknownLeaderEpoch));
        EXPECT_EQ(co_await code_of("t", 0, -2), raw(ErrorCode::kFencedLeaderEpoch));
        EXPECT_EQ(co_await code_of("t", 2, 0), raw(ErrorCode::kUnknownTopicOrPartition));
        EXPECT_EQ(co_await code_of("t", -1, 0), raw(ErrorCode::kUnknownTopicOrPartition));
        EXPECT_EQ(co_await code_of("nowhere", 0, 0), raw(ErrorCode::kUnknownTopicOrPartition));
    });
}

TEST_P(OffsetTraps, Trap70_ATopicNamedTwiceIsAnsweredOnce) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        OffsetForLeaderEpochRequest request = about("t", 0, 0);
        request.topics.push_back(about("t", 1, 0).topics[0]);
        request.topics.push_back(about("other", 1, 0).topics[0]);
        const auto response = co_await client.ask<OffsetForLeaderEpochResponse>(request, 4);
        EXPECT_EQ(response->topics.size(), 2u);
        EXPECT_EQ(response->topics[0].partitions[0].partition, 0);
        EXPECT_EQ(response->topics[1].topic, "other");
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, OffsetTraps, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
