// Traps 65 to 73: offsets and epochs.
#include "protocol/message/delete_records.hpp"
#include "tests/cluster/traps/trap_test.hpp"

#include <ostream>

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

struct Listed {
    std::int16_t code{};
    std::int64_t offset{};
    TimestampMs timestamp{};
    std::int32_t epoch{};

    bool operator==(const Listed&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Listed& listed) {
    return out << "error " << listed.code << ", offset " << listed.offset << ", timestamp "
               << listed.timestamp << ", epoch " << listed.epoch;
}

Task<Listed> list(Client& client, TimestampMs timestamp, std::int16_t version,
                  std::int32_t current_epoch = -1) {
    ListOffsetsRequest request;
    request.isolation_level = version % 2 == 0 ? 1 : 0;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions.emplace_back().timestamp = timestamp;
    topic.partitions.back().current_leader_epoch = current_epoch;
    const auto response = co_await client.ask<ListOffsetsResponse>(request, version);
    const auto& found = response->topics[0].partitions[0];
    co_return Listed{found.error_code, found.offset, found.timestamp, found.leader_epoch};
}

TEST_P(OffsetTraps, Trap65_SpecialTimestampsAreKnownFromTheirVersions) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        const Bytes batch = make_batch({.records = 10, .base_timestamp = 5000});
        (void)co_await produce(client, "t", 0, batch);
        const std::int16_t unsupported = raw(ErrorCode::kUnsupportedVersion);
        const Listed refused{unsupported, -1, -1, -1};
        for (std::int16_t version = 1; version <= 9; ++version) {
            const std::int32_t epoch = version >= 4 ? 0 : -1;
            EXPECT_EQ(co_await list(client, -1, version), (Listed{0, 10, -1, epoch}));
            EXPECT_EQ(co_await list(client, -2, version), (Listed{0, 0, -1, epoch}));
            const Listed largest{0, 9, 5009, epoch};
            EXPECT_EQ(co_await list(client, -3, version), version >= 7 ? largest : refused);
            const Listed local{0, 0, -1, epoch};
            EXPECT_EQ(co_await list(client, -4, version), version >= 8 ? local : refused);
            const Listed tiered{0, -1, -1, -1};
            EXPECT_EQ(co_await list(client, -5, version), version >= 9 ? tiered : refused);
            EXPECT_EQ(co_await list(client, -6, version), refused);
        }
    });
}

TEST_P(OffsetTraps, Trap65_TheOldestVersionKnowsTwoSpecialTimestamps) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        for (const char* const name : {"t", "nowhere"}) {
            ListOffsetsRequest request;
            auto& topic = request.topics.emplace_back();
            topic.name = name;
            topic.partitions.emplace_back().timestamp = -3;
            const auto response = co_await client.ask<ListOffsetsResponse>(request, 0);
            EXPECT_EQ(response->topics[0].partitions[0].error_code,
                      raw(ErrorCode::kUnsupportedVersion));
        }
    });
}

TEST_P(OffsetTraps, Trap66_ATimeFindsNoRecordThatWasDeleted) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        const Bytes batch = make_batch({.records = 3, .base_timestamp = 5000});
        for (int i = 0; i < 2; ++i) (void)co_await produce(client, "t", 0, batch);
        DeleteRecordsRequest deletion;
        deletion.timeout_ms = 1000;
        auto& topic = deletion.topics.emplace_back();
        topic.name = "t";
        topic.partitions.emplace_back().offset = 2;
        const auto deleted = co_await client.ask<DeleteRecordsResponse>(deletion, 2);
        EXPECT_EQ(deleted->topics[0].partitions[0].error_code, 0);
        EXPECT_EQ(co_await list(client, 0, 5), (Listed{0, 2, 5002, 0}));
        // Deleted in the first batch, there in the second.
        EXPECT_EQ(co_await list(client, 5002, 5), (Listed{0, 2, 5002, 0}));
        deletion.topics[0].partitions[0].offset = 3;
        (void)co_await client.ask<DeleteRecordsResponse>(deletion, 2);
        EXPECT_EQ(co_await list(client, 5002, 5), (Listed{0, 5, 5002, 0}));
        EXPECT_EQ(co_await list(client, -3, 7), (Listed{0, 2, 5002, 0}));
    });
}

TEST_P(OffsetTraps, Trap65_TheEarliestOffsetHasTheEpochOfItsBatch) {
    const auto scenario = [this]() -> Task<> {
        for (int life = 0; life < 2; ++life) {
            co_await live([](Client& client) -> Task<> {
                (void)co_await make_topic(client, "t");
                const Bytes batch = make_batch();
                (void)co_await produce(client, "t", 0, batch);
                const Listed earliest = co_await list(client, -2, 5);
                EXPECT_EQ(earliest.epoch, 0);
            });
        }
        co_await live([](Client& client) -> Task<> {
            EXPECT_EQ(co_await list(client, -1, 5), (Listed{0, 2, -1, 2}));
            const Listed fenced = co_await list(client, -1, 5, 1);
            EXPECT_EQ(fenced.code, raw(ErrorCode::kFencedLeaderEpoch));
            const Listed ahead = co_await list(client, -1, 5, 3);
            EXPECT_EQ(ahead.code, raw(ErrorCode::kUnknownLeaderEpoch));
        });
    };
    run(scenario());
}

TEST_P(OffsetTraps, Trap66_ATimeFindsTheFirstRecordFromThenOnAndNothingIsNoError) {
    with_broker([](Client& client) -> Task<> {
        (void)co_await make_topic(client, "t");
        EXPECT_EQ(co_await list(client, -3, 9), (Listed{0, -1, -1, -1})) << "the log is empty";
        EXPECT_EQ(co_await list(client, 0, 9), (Listed{0, -1, -1, -1}));
        for (const TimestampMs begin : {5000, 3000, 7000}) {
            const Bytes batch = make_batch({.records = 3, .base_timestamp = begin});
            (void)co_await produce(client, "t", 0, batch);
        }
        EXPECT_EQ(co_await list(client, 0, 9), (Listed{0, 0, 5000, 0}));
        EXPECT_EQ(co_await list(client, 5001, 9), (Listed{0, 1, 5001, 0}));
        EXPECT_EQ(co_await list(client, 5003, 9), (Listed{0, 6, 7000, 0}));
        EXPECT_EQ(co_await list(client, 7003, 9), (Listed{0, -1, -1, -1}));
    });
}

TEST_P(OffsetTraps, Trap73_TheEpochInAProducedBatchIsOverwritten) {
    const auto scenario = [this]() -> Task<> {
        co_await live([](Client& client) -> Task<> { (void)co_await make_topic(client, "t"); });
        co_await live([](Client& client) -> Task<> {
            const Bytes batch = make_batch();
            (void)co_await produce(client, "t", 0, batch);
            const FetchRequest request = fetch_from("t", 0, 0);
            const auto partition = co_await fetch(client, request);
            const Bytes stored = partition.records->to_bytes();
            EXPECT_EQ(RecordBatchView(batch).leader_epoch(), LeaderEpoch{-1});
            EXPECT_EQ(RecordBatchView(stored).leader_epoch(), LeaderEpoch{1});
        });
    };
    run(scenario());
}

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
