// Traps 52 to 64: fetch.
#include "tests/cluster/traps/trap_test.hpp"

#include <fstream>

namespace millrace {
namespace {

class FetchTraps : public TrapTest {
protected:
    /// About partitions 0 and 1 of topic t.
    static FetchRequest of_both(std::int64_t first, std::int64_t second) {
        FetchRequest request = fetch_from("t", first, 0);
        request.topics[0].partitions.push_back(fetch_from("t", second, 0).topics[0].partitions[0]);
        request.topics[0].partitions[1].index = 1;
        return request;
    }
};

TEST_P(FetchTraps, Trap52_TheFirstBatchOfAllComesWhole) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        const Bytes batch = make_batch({.value_bytes = 5000});
        for (std::int32_t i = 0; i < 4; ++i) (void)co_await produce(client, "t", i % 2, batch);
        FetchRequest request = of_both(0, 0);
        for (auto& each : request.topics[0].partitions) each.partition_max_bytes = 10;
        const auto small = co_await client.ask<FetchResponse>(request, 4);
        const auto& partitions = small->topics[0].partitions;
        EXPECT_EQ(partitions[0].records->size(), batch.size());
        EXPECT_EQ(partitions[1].records->size(), 0u);
        // The first that has data, not the first that is asked for.
        request.topics[0].partitions[0].fetch_offset = 2;
        const auto behind = co_await client.ask<FetchResponse>(request, 4);
        EXPECT_EQ(behind->topics[0].partitions[0].records->size(), 0u);
        EXPECT_EQ(behind->topics[0].partitions[1].records->size(), batch.size());
        // Another partition's data is no reason to leave out the first.
        request.topics[0].partitions[0].fetch_offset = 0;
        request.topics[0].partitions[1].partition_max_bytes = 1 << 20;
        const auto both = co_await client.ask<FetchResponse>(request, 4);
        EXPECT_EQ(both->topics[0].partitions[0].records->size(), batch.size());
        EXPECT_EQ(both->topics[0].partitions[1].records->size(), 2 * batch.size());
        // Nor is its size taken from what another partition may bring.
        request.topics[0].partitions[1].partition_max_bytes =
            static_cast<std::int32_t>(batch.size());
        const auto one = co_await client.ask<FetchResponse>(request, 4);
        EXPECT_EQ(one->topics[0].partitions[0].records->size(), batch.size());
        EXPECT_EQ(one->topics[0].partitions[1].records->size(), batch.size());
        request.topics[0].partitions[0].fetch_offset = 2;
        // No limit is too small.
        for (auto& each : request.topics[0].partitions) each.partition_max_bytes = 0;
        const auto none = co_await client.ask<FetchResponse>(request, 4);
        EXPECT_EQ(none->topics[0].partitions[1].records->size(), batch.size());
    });
}

TEST_P(FetchTraps, Trap53_WhatComesEndsWithAWholeBatch) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        const Bytes batch = make_batch({.value_bytes = 1000});
        for (int i = 0; i < 5; ++i) (void)co_await produce(client, "t", 0, batch);
        for (const std::size_t bytes : {batch.size() + 1, 3 * batch.size() - 1}) {
            const FetchRequest request = fetch_from("t", 0, 0, static_cast<std::int32_t>(bytes));
            const auto partition = co_await fetch(client, request);
            EXPECT_EQ(partition.records->size(), bytes / batch.size() * batch.size());
        }
    });
}

TEST_P(FetchTraps, Trap54_WhatIsNotWorthWaitingForIsAnsweredAtOnce) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        const Bytes batch = make_batch();
        (void)co_await produce(client, "t", 0, batch);
        constexpr std::int32_t kVeryLong = 2'000'000'000;
        // Each of these would wait for weeks.
        FetchRequest error = of_both(0, 99);
        error.max_wait_ms = kVeryLong;
        error.min_bytes = 1 << 20;
        const auto refused = co_await client.ask<FetchResponse>(error, 11);
        EXPECT_EQ(refused->topics[0].partitions[1].error_code, raw(ErrorCode::kOffsetOutOfRange));
        FetchRequest capped = of_both(0, 0);
        capped.max_wait_ms = kVeryLong;
        capped.min_bytes = 1 << 20;
        capped.max_bytes = static_cast<std::int32_t>(batch.size());
        const auto enough = co_await client.ask<FetchResponse>(capped, 11);
        EXPECT_EQ(enough->topics[0].partitions[0].records->size(), batch.size());
        FetchRequest nothing = of_both(0, 0);
        nothing.topics.clear();
        nothing.max_wait_ms = kVeryLong;
        const auto empty = co_await client.ask<FetchResponse>(nothing, 11);
        EXPECT_TRUE(empty->topics.empty());
        FetchRequest unknown = fetch_from("nowhere", 0, kVeryLong);
        const auto unheard = co_await fetch(client, unknown);
        EXPECT_EQ(unheard.error_code, raw(ErrorCode::kUnknownTopicOrPartition));
    });
}

TEST_P(FetchTraps, Trap54_AnUnknownTopicDoesNotEndTheWaitForOthers) {
    with_broker([this](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        FetchRequest request = fetch_from("nowhere", 0, 600'000);
        request.topics.push_back(fetch_from("t", 0, 0).topics[0]);
        const auto waiting = co_await connect();
        co_await waiting->send(request, 11);
        const Bytes batch = make_batch();
        (void)co_await produce(client, "t", 0, batch);
        const auto response = co_await waiting->receive<FetchResponse>(11);
        EXPECT_EQ(response->topics[0].name, "t") << "what nobody knows is told last";
        EXPECT_EQ(response->topics[0].partitions[0].records->size(), batch.size());
        EXPECT_EQ(response->topics[1].partitions[0].error_code,
                  raw(ErrorCode::kUnknownTopicOrPartition));
        co_await waiting->close();
    });
}

TEST_P(FetchTraps, Trap54_WhoeverLiesSegmentsBehindDoesNotWait) {
    config_.topic.segment_bytes = 4096;
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        const Bytes batch = make_batch({.value_bytes = 3000});
        for (int i = 0; i < 2; ++i) (void)co_await produce(client, "t", 0, batch);
        FetchRequest request = fetch_from("t", 0, 2'000'000'000);
        request.min_bytes = 1 << 20;
        const auto partition = co_await fetch(client, request);
        EXPECT_GT(partition.records->size(), 0u);
    });
}

TEST_P(FetchTraps, Trap55_TheBrokersOwnLimitHolds) {
    config_.fetch_bytes_max = 1024;
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        const Bytes batch = make_batch({.value_bytes = 600});
        for (int i = 0; i < 5; ++i) (void)co_await produce(client, "t", 0, batch);
        const FetchRequest request = fetch_from("t", 0, 0);
        const auto partition = co_await fetch(client, request);
        EXPECT_EQ(partition.records->size(), batch.size());
    });
}

TEST_P(FetchTraps, Trap56_AbortedTransactionsAreAListForReadCommittedOnly) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        const Bytes batch = make_batch();
        (void)co_await produce(client, "t", 0, batch);
        for (const std::int8_t level : {0, 1}) {
            FetchRequest request = fetch_from("t", 0, 0);
            request.isolation_level = level;
            const auto partition = co_await fetch(client, request);
            EXPECT_EQ(partition.aborted_transactions.has_value(), level == 1);
            EXPECT_EQ(partition.last_stable_offset, 1) << "it is filled for both";
            EXPECT_EQ(partition.high_watermark, 1);
            request.topics[0].partitions[0].fetch_offset = 9;
            const auto refused = co_await fetch(client, request);
            EXPECT_FALSE(refused.aborted_transactions.has_value());
            EXPECT_EQ(refused.last_stable_offset, -1);
            EXPECT_EQ(refused.log_start_offset, -1);
        }
    });
}

TEST_P(FetchTraps, Trap58_TheLeaderEpochIsCheckedUnlessItIsNotSaid) {
    const auto scenario = [this]() -> Task<> {
        co_await live([](Client& client) -> Task<> { (void)co_await make_topic(client, "t"); });
        co_await live([this](Client& client) -> Task<> {
            const auto topic = co_await make_topic(client, "t");
            FetchRequest request = fetch_from("t", 0, 0);
            request.topics[0].topic_id = topic.topic_id;
            std::int32_t& epoch = request.topics[0].partitions[0].current_leader_epoch;
            for (const auto& [asked, code] :
                 {std::pair(-1, ErrorCode::kNone), std::pair(0, ErrorCode::kFencedLeaderEpoch),
                  std::pair(1, ErrorCode::kNone), std::pair(2, ErrorCode::kUnknownLeaderEpoch)}) {
                epoch = asked;
                const auto old = co_await fetch(client, request, 12);
                EXPECT_EQ(old.error_code, raw(code)) << asked;
                EXPECT_EQ(old.current_leader.leader_id, -1);
                const auto response = co_await client.ask<FetchResponse>(request, 16);
                const auto& partition = response->topics[0].partitions[0];
                EXPECT_EQ(partition.error_code, raw(code)) << asked;
                // Whoever is behind is told where to go on.
                const bool fenced = code == ErrorCode::kFencedLeaderEpoch;
                EXPECT_EQ(partition.current_leader.leader_id, fenced ? 0 : -1);
                EXPECT_EQ(partition.current_leader.leader_epoch, fenced ? 1 : -1);
                EXPECT_EQ(response->node_endpoints.size(), fenced ? 1u : 0u);
                if (fenced) EXPECT_EQ(response->node_endpoints[0].port, port_);
            }
        });
    };
    run(scenario());
}

TEST_P(FetchTraps, Trap58_AReaderWhoseLogPartsFromThisOneIsTold) {
    const auto scenario = [this]() -> Task<> {
        for (int life = 0; life < 2; ++life) {
            co_await live([](Client& client) -> Task<> {
                (void)co_await make_topic(client, "t");
                const Bytes batch = make_batch({.records = 2});
                (void)co_await produce(client, "t", 0, batch);
            });
        }
        co_await live([](Client& client) -> Task<> {
            // Epoch 0 ends at 2, epoch 1 at 4, and nothing is there of the current one.
            FetchRequest request = fetch_from("t", 4, 600'000);
            request.topics[0].partitions[0].last_fetched_epoch = 0;
            const auto diverging = co_await fetch(client, request, 12);
            EXPECT_EQ(diverging.error_code, 0);
            EXPECT_EQ(diverging.diverging_epoch.epoch, 0);
            EXPECT_EQ(diverging.diverging_epoch.end_offset, 2);
            EXPECT_EQ(diverging.high_watermark, 4);
            request.topics[0].partitions[0].fetch_offset = 2;
            const auto same = co_await fetch(client, request, 12);
            EXPECT_EQ(same.diverging_epoch.epoch, -1);
            EXPECT_GT(same.records->size(), 0u);
            request.topics[0].partitions[0].last_fetched_epoch = 7;
            const auto unknown = co_await fetch(client, request, 12);
            EXPECT_EQ(unknown.error_code, raw(ErrorCode::kOffsetOutOfRange));
        });
    };
    run(scenario());
}

TEST_P(FetchTraps, Trap59_OldClientsAreSentToAnotherLeaderWhenStorageFails) {
    config_.log_dirs = {folder_ + "/a", folder_ + "/b"};
    config_.num_partitions = 4;
    const auto scenario = [this]() -> Task<> {
        co_await live([](Client& client) -> Task<> { (void)co_await make_topic(client, "t"); });
        std::filesystem::rename(folder_ + "/b", folder_ + "/hidden");
        std::ofstream(folder_ + "/b") << "no folder";
        co_await live([this](Client& client) -> Task<> {
            int lost = 0;
            for (std::int32_t i = 0; i < 4; ++i) {
                if (std::filesystem::exists(folder_ + "/a/t-" + std::to_string(i))) continue;
                ++lost;
                FetchRequest request = fetch_from("t", 0, 0);
                request.topics[0].partitions[0].index = i;
                const auto old = co_await fetch(client, request, 5);
                EXPECT_EQ(old.error_code, raw(ErrorCode::kNotLeaderOrFollower));
                const auto current = co_await fetch(client, request, 6);
                EXPECT_EQ(current.error_code, raw(ErrorCode::kKafkaStorageError));
            }
            EXPECT_GT(lost, 0);
        });
    };
    run(scenario());
}

TEST_P(FetchTraps, Trap60_NobodyFollowsAPartitionWithOneReplica) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        FetchRequest request = fetch_from("t", 0, 600'000);
        request.replica_id = 3;
        const auto without = co_await fetch(client, request, 11);
        EXPECT_EQ(without.error_code, raw(ErrorCode::kNotLeaderOrFollower));
        request.topics[0].partitions[0].current_leader_epoch = 0;
        const auto with = co_await fetch(client, request, 11);
        EXPECT_EQ(with.error_code, raw(ErrorCode::kUnknownLeaderEpoch));
    });
}

TEST_P(FetchTraps, Trap62_AnUnknownTopicIdIsToldWithTheId) {
    with_broker([](Client& client) -> Task<> {
        const auto topic = co_await make_topic(client, "t");
        FetchRequest request = fetch_from("t", 0, 0);
        request.topics[0].topic_id = topic.topic_id;
        request.topics[0].topic_id.bytes[5] ^= std::byte{1};
        request.topics.push_back(request.topics[0]);
        request.topics[1].topic_id = {};
        const auto response = co_await client.ask<FetchResponse>(request, 13);
        EXPECT_EQ(response->error_code, 0);
        for (std::size_t i = 0; i < 2; ++i) {
            EXPECT_EQ(response->topics[i].topic_id, request.topics[i].topic_id);
            EXPECT_EQ(response->topics[i].partitions[0].error_code,
                      raw(ErrorCode::kUnknownTopicId));
        }
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, FetchTraps, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
