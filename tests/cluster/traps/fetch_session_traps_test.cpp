// Traps 48 to 51: fetch sessions.
#include "tests/cluster/traps/trap_test.hpp"

namespace millrace {
namespace {

class FetchSessionTraps : public TrapTest {
protected:
    static constexpr std::int16_t kByName = 12;
    static constexpr std::int16_t kById = 17;

    /// A request that makes a session of `partitions` of topic t.
    static FetchRequest first(const MetadataResponse::Topic& topic,
                              const std::vector<std::int32_t>& partitions) {
        FetchRequest request = fetch_from("t", 0, 0);
        request.session_epoch = 0;
        request.topics[0].topic_id = topic.topic_id;
        const auto partition = request.topics[0].partitions[0];
        request.topics[0].partitions.clear();
        for (const std::int32_t index : partitions) {
            request.topics[0].partitions.push_back(partition);
            request.topics[0].partitions.back().index = index;
        }
        return request;
    }

    /// The request of number `epoch`, in which nothing changes.
    static FetchRequest next(std::int32_t session, std::int32_t epoch) {
        FetchRequest request = fetch_from("t", 0, 0);
        request.topics.clear();
        request.session_id = session;
        request.session_epoch = epoch;
        return request;
    }

    /// The indexes that a response tells of, in its order.
    static std::vector<std::int32_t> told(const FetchResponse& response) {
        std::vector<std::int32_t> indexes;
        for (const auto& topic : response.topics) {
            for (const auto& each : topic.partitions) indexes.push_back(each.index);
        }
        return indexes;
    }

    static Task<FetchResponse> ask(Client& client, const FetchRequest& request,
                                   std::int16_t version) {
        auto response = co_await client.ask<FetchResponse>(request, version);
        EXPECT_TRUE(response);
        co_return std::move(*response);
    }

    static Task<> expect_refused(Client& client, const FetchRequest& request, std::int16_t version,
                                 ErrorCode code) {
        const FetchResponse response = co_await ask(client, request, version);
        EXPECT_EQ(response.error_code, raw(code));
        EXPECT_EQ(response.session_id, 0);
        EXPECT_TRUE(response.topics.empty());
    }
};

using Indexes = std::vector<std::int32_t>;

TEST_P(FetchSessionTraps, Trap48_RequestsOfASessionCountFromOneAndErrorsAreOnTopLevel) {
    with_broker([](Client& client) -> Task<> {
        const auto topic = co_await make_topic(client, "t");
        for (const std::int16_t version : {std::int16_t{7}, kByName, kById}) {
            const FetchRequest request = first(topic, {0, 1});
            const FetchResponse made = co_await ask(client, request, version);
            EXPECT_GT(made.session_id, 0);
            EXPECT_EQ(told(made), (Indexes{0, 1})) << "a full answer tells of everything";
            const std::int32_t id = made.session_id;

            const FetchRequest unknown = next(id == 1 ? 2 : id - 1, 1);
            co_await expect_refused(client, unknown, version, ErrorCode::kFetchSessionIdNotFound);
            const FetchRequest none = next(0, 1);
            co_await expect_refused(client, none, version, ErrorCode::kFetchSessionIdNotFound);
            const FetchRequest early = next(id, 2);
            co_await expect_refused(client, early, version, ErrorCode::kInvalidFetchSessionEpoch);
            const FetchRequest mixed = next(id, 1);
            const std::int16_t other = version == kById ? kByName : kById;
            co_await expect_refused(client, mixed, other, ErrorCode::kFetchSessionTopicIdError);

            const FetchResponse second = co_await ask(client, mixed, version);
            EXPECT_EQ(second.error_code, 0);
            EXPECT_EQ(second.session_id, id);
            co_await expect_refused(client, mixed, version, ErrorCode::kInvalidFetchSessionEpoch);

            FetchRequest last = first(topic, {1});
            last.session_id = id;
            last.session_epoch = -1;
            const FetchResponse closed = co_await ask(client, last, version);
            EXPECT_EQ(closed.session_id, 0);
            EXPECT_EQ(told(closed), Indexes{1});
            const FetchRequest late = next(id, 2);
            co_await expect_refused(client, late, version, ErrorCode::kFetchSessionIdNotFound);
        }
    });
}

TEST_P(FetchSessionTraps, Trap48_ANewSessionEndsTheOneThatItNames) {
    with_broker([](Client& client) -> Task<> {
        const auto topic = co_await make_topic(client, "t");
        FetchRequest request = first(topic, {0});
        const FetchResponse one = co_await ask(client, request, kById);
        request.session_id = one.session_id;
        const FetchResponse two = co_await ask(client, request, kById);
        EXPECT_NE(two.session_id, 0);
        EXPECT_NE(two.session_id, one.session_id);
        const FetchRequest old = next(one.session_id, 1);
        co_await expect_refused(client, old, kById, ErrorCode::kFetchSessionIdNotFound);
    });
}

TEST_P(FetchSessionTraps, Trap48_ASessionIsFoundFromEveryConnection) {
    with_broker([this](Client& client) -> Task<> {
        const auto topic = co_await make_topic(client, "t");
        const FetchRequest request = first(topic, {0, 1});
        const FetchResponse made = co_await ask(client, request, kById);
        const Bytes batch = make_batch();
        // The kernel spreads connections over the shards.
        for (std::int32_t epoch = 1; epoch <= 12; ++epoch) {
            (void)co_await produce(client, "t", 1, batch);
            const auto other = co_await connect();
            const FetchRequest more = next(made.session_id, epoch);
            const FetchResponse answer = co_await ask(*other, more, kById);
            EXPECT_EQ(answer.error_code, 0);
            EXPECT_EQ(answer.session_id, made.session_id);
            EXPECT_EQ(told(answer), Indexes{1});
            co_await other->close();
        }
    });
}

TEST_P(FetchSessionTraps, Trap48_ALongPollInASessionEndsWithIt) {
    with_broker([this](Client& client) -> Task<> {
        const auto topic = co_await make_topic(client, "t");
        FetchRequest request = first(topic, {0});
        const FetchResponse made = co_await ask(client, request, kById);
        FetchRequest waiting = next(made.session_id, 1);
        waiting.max_wait_ms = 600'000;
        const auto other = co_await connect();
        co_await other->send(waiting, kById);
        // Once it waits its number is used, which is looked at before topic ids are.
        const FetchRequest same = next(made.session_id, 1);
        std::int16_t code = raw(ErrorCode::kFetchSessionTopicIdError);
        while (code == raw(ErrorCode::kFetchSessionTopicIdError)) {
            const FetchResponse answer = co_await ask(client, same, kByName);
            code = answer.error_code;
        }
        EXPECT_EQ(code, raw(ErrorCode::kInvalidFetchSessionEpoch));
        const FetchRequest ahead = next(made.session_id, 2);
        co_await expect_refused(client, ahead, kById, ErrorCode::kInvalidFetchSessionEpoch);
        request.session_id = made.session_id;
        const FetchResponse anew = co_await ask(client, request, kById);
        EXPECT_NE(anew.session_id, 0);
        const Bytes batch = make_batch();
        (void)co_await produce(client, "t", 0, batch);
        const auto woken = co_await other->receive<FetchResponse>(kById);
        EXPECT_EQ(woken->error_code, 0);
        EXPECT_EQ(told(*woken), Indexes{0});
        co_await other->close();
    });
}

TEST_P(FetchSessionTraps, Trap49_OnlyWhatIsNewIsTold) {
    with_broker([](Client& client) -> Task<> {
        const auto topic = co_await make_topic(client, "t");
        const FetchRequest request = first(topic, {0, 1});
        const FetchResponse made = co_await ask(client, request, kById);
        std::int32_t epoch = 0;
        const auto next_one = [&made, &epoch] { return next(made.session_id, ++epoch); };

        const FetchRequest quiet = next_one();
        const FetchResponse nothing = co_await ask(client, quiet, kById);
        EXPECT_TRUE(nothing.topics.empty());

        const Bytes batch = make_batch();
        (void)co_await produce(client, "t", 1, batch);
        const FetchRequest after = next_one();
        const FetchResponse records = co_await ask(client, after, kById);
        EXPECT_EQ(told(records), Indexes{1});
        EXPECT_EQ(records.topics[0].topic_id, topic.topic_id);
        EXPECT_EQ(records.topics[0].partitions[0].records->size(), batch.size());

        // The client moves on in one partition; the other is left as it was.
        FetchRequest moved = next_one();
        moved.topics = first(topic, {1}).topics;
        moved.topics[0].partitions[0].fetch_offset = 1;
        const FetchResponse silent = co_await ask(client, moved, kById);
        EXPECT_TRUE(silent.topics.empty());

        // Without room for records it hears of the new end, once.
        (void)co_await produce(client, "t", 0, batch);
        FetchRequest no_room = next_one();
        no_room.topics = first(topic, {0}).topics;
        no_room.topics[0].partitions[0].fetch_offset = 1;
        const FetchResponse end = co_await ask(client, no_room, kById);
        EXPECT_EQ(told(end), Indexes{0});
        EXPECT_EQ(end.topics[0].partitions[0].high_watermark, 1);
        const FetchRequest again = next_one();
        const FetchResponse told_once = co_await ask(client, again, kById);
        EXPECT_TRUE(told_once.topics.empty());
    });
}

TEST_P(FetchSessionTraps, Trap49_AnErrorIsToldEachTimeAndWhatFollowsItOnceMore) {
    with_broker([](Client& client) -> Task<> {
        const auto topic = co_await make_topic(client, "t");
        const FetchRequest request = first(topic, {0});
        const FetchResponse made = co_await ask(client, request, kById);
        const std::int32_t id = made.session_id;
        FetchRequest beyond = next(id, 1);
        beyond.topics = first(topic, {0}).topics;
        beyond.topics[0].partitions[0].fetch_offset = 5;
        const FetchResponse refused = co_await ask(client, beyond, kById);
        EXPECT_EQ(told(refused), Indexes{0});
        const FetchRequest same = next(id, 2);
        const FetchResponse still = co_await ask(client, same, kById);
        EXPECT_EQ(told(still), Indexes{0});
        EXPECT_EQ(still.topics[0].partitions[0].error_code, raw(ErrorCode::kOffsetOutOfRange));
        FetchRequest back = next(id, 3);
        back.topics = first(topic, {0}).topics;
        const FetchResponse good = co_await ask(client, back, kById);
        EXPECT_EQ(told(good), Indexes{0});
        EXPECT_EQ(good.topics[0].partitions[0].error_code, 0);
        EXPECT_EQ(good.topics[0].partitions[0].high_watermark, 0);
        const FetchRequest quiet = next(id, 4);
        const FetchResponse nothing = co_await ask(client, quiet, kById);
        EXPECT_TRUE(nothing.topics.empty());
    });
}

TEST_P(FetchSessionTraps, Trap49_ForgottenPartitionsLeaveAndNewOnesAreTold) {
    with_broker([](Client& client) -> Task<> {
        const auto topic = co_await make_topic(client, "t");
        for (const std::int16_t version : {kByName, kById}) {
            const FetchRequest request = first(topic, {0});
            const FetchResponse made = co_await ask(client, request, version);
            const std::int32_t id = made.session_id;
            FetchRequest change = next(id, 1);
            change.topics = first(topic, {1}).topics;
            change.forgotten_topics.push_back({"t", topic.topic_id, {0}});
            const FetchResponse changed = co_await ask(client, change, version);
            EXPECT_EQ(told(changed), Indexes{1});
            FetchRequest none = next(id, 2);
            none.forgotten_topics.push_back({"t", topic.topic_id, {1}});
            const FetchResponse empty = co_await ask(client, none, version);
            EXPECT_EQ(empty.error_code, 0);
            EXPECT_EQ(empty.session_id, 0) << "a session of nothing is none";
            const FetchRequest gone = next(id, 3);
            co_await expect_refused(client, gone, version, ErrorCode::kFetchSessionIdNotFound);
        }
    });
}

TEST_P(FetchSessionTraps, Trap50_AFullCacheAnswersWithoutASession) {
    config_.fetch_sessions_max = 0;
    with_broker([](Client& client) -> Task<> {
        const auto topic = co_await make_topic(client, "t");
        const FetchRequest request = first(topic, {0, 1});
        const FetchResponse answer = co_await ask(client, request, kById);
        EXPECT_EQ(answer.error_code, 0);
        EXPECT_EQ(answer.session_id, 0);
        EXPECT_EQ(told(answer), (Indexes{0, 1}));
    });
}

TEST_P(FetchSessionTraps, Trap51_PartitionsWithRecordsMoveToTheEnd) {
    with_broker([](Client& client) -> Task<> {
        const auto topic = co_await make_topic(client, "t");
        const Bytes batch = make_batch({.value_bytes = 1000});
        for (std::int32_t i = 0; i < 4; ++i) {
            (void)co_await produce(client, "t", 0, batch);
            (void)co_await produce(client, "t", 1, batch);
        }
        FetchRequest request = first(topic, {0, 1});
        request.max_bytes = 1;
        const FetchResponse made = co_await ask(client, request, kById);
        EXPECT_GT(made.topics[0].partitions[0].records->size(), 0u);
        EXPECT_EQ(made.topics[0].partitions[1].records->size(), 0u);
        // There is room for one batch in each answer: whose turn it is changes.
        Indexes turns;
        std::int64_t offsets[] = {1, 0};
        for (std::int32_t epoch = 1; epoch <= 4; ++epoch) {
            FetchRequest more = next(made.session_id, epoch);
            more.max_bytes = 1;
            more.topics = first(topic, {0, 1}).topics;
            for (int i = 0; i < 2; ++i) {
                more.topics[0].partitions[static_cast<std::size_t>(i)].fetch_offset = offsets[i];
            }
            const FetchResponse answer = co_await ask(client, more, kById);
            EXPECT_EQ(told(answer).size(), 1u);
            const std::int32_t turn = told(answer).front();
            turns.push_back(turn);
            ++offsets[turn];
        }
        EXPECT_EQ(turns, (Indexes{0, 1, 0, 1}));
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, FetchSessionTraps, testing::Values(1, 3));

}  // namespace
}  // namespace millrace
