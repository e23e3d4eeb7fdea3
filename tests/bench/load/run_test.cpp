// Runs of the load generator against a whole broker, in the broker's own loop: what it counts is
// what the broker counts.
#include "bench/load/run.hpp"

#include "tests/support/broker_test.hpp"

namespace millrace::bench {
namespace {

class RunTest : public BrokerTest {
protected:
    struct Ended {
        Outcome<> outcome;
        Tally tally;
        std::int32_t partitions{};
        std::size_t connections{};
    };

    Shape shape() const {
        Shape some;
        some.bootstrap.push_back({"127.0.0.1", port_});
        some.partitions = 3;
        some.producers = 2;
        some.record_bytes = 50;
        some.batch_records = 4;
        some.warm_up_s = 0.02;
        some.seconds = 0.1;
        return some;
    }

    Task<Ended> run_once(const Shape& some) {
        const Terminal terminal;
        bench::Run load(*world_, some, terminal);
        Ended ended;
        ended.outcome = co_await load.measure();
        ended.tally = load.tally();
        ended.partitions = load.partitions();
        ended.connections = load.connections();
        const auto closed = co_await load.close();
        EXPECT_TRUE(closed);
        co_return ended;
    }

    std::uint64_t batches_taken() const {
        return figures_.total("millrace_batches_appended_total");
    }
};

TEST_P(RunTest, CountsWhatTheBrokerTook) {
    for (const std::int16_t acks : {0, 1, -1}) {
        std::uint64_t records = 0;
        with_client([&](Client&) -> Task<> {
            Shape some = shape();
            some.topic = "load" + std::to_string(acks);
            some.acks = acks;
            const Ended ended = co_await run_once(some);
            EXPECT_TRUE(ended.outcome);
            EXPECT_EQ(ended.partitions, 3);
            EXPECT_EQ(ended.connections, 2U);
            EXPECT_EQ(ended.tally.latency_ns.count() == 0, acks == 0);
            EXPECT_TRUE(ended.tally.errors.empty());
            records = ended.tally.records_in_all;
        });
        EXPECT_GT(records, 0U);
        EXPECT_EQ(batches_taken() * 4, records) << "acks=" << acks;
    }
}

TEST_P(RunTest, AnOpenLoopSendsWhatIsDueAndNoMore) {
    std::uint64_t records = 0;
    with_client([&](Client&) -> Task<> {
        Shape some = shape();
        some.partitions = 4;
        some.rate = 4000;
        some.in_flight = 1000;
        const Ended ended = co_await run_once(some);
        EXPECT_TRUE(ended.outcome);
        EXPECT_EQ(ended.tally.requests_unsent, 0U);
        records = ended.tally.records_in_all;
    });
    // 0.12 s of two producers with 500 requests a second of 4 records each.
    EXPECT_EQ(records, 480U);
    EXPECT_EQ(batches_taken() * 4, records);
}

TEST_P(RunTest, WhatAnOpenLoopCannotSendInTimeIsTold) {
    with_client([&](Client&) -> Task<> {
        Shape some = shape();
        some.partitions = 4;
        // More than any broker answers one at a time.
        some.rate = 400'000'000;
        some.in_flight = 1;
        const Ended ended = co_await run_once(some);
        EXPECT_TRUE(ended.outcome);
        EXPECT_GT(ended.tally.requests_unsent, 0U);
    });
}

TEST_P(RunTest, SeveralBatchesGoWithOneRequest) {
    with_client([&](Client&) -> Task<> {
        Shape some = shape();
        some.request_batches = 8;
        const Ended ended = co_await run_once(some);
        EXPECT_TRUE(ended.outcome);
        EXPECT_EQ(ended.tally.batches, ended.tally.requests * 3);
    });
}

TEST_P(RunTest, KeysReachTheirPartitions) {
    with_client([&](Client&) -> Task<> {
        Shape some = shape();
        some.keys = 100;
        const Ended ended = co_await run_once(some);
        EXPECT_TRUE(ended.outcome);
        EXPECT_GT(ended.tally.records_in_all, 0U);
    });
}

TEST_P(RunTest, ATopicWithOtherPartitionsIsRefused) {
    with_client([&](Client&) -> Task<> {
        Shape some = shape();
        const Ended first = co_await run_once(some);
        EXPECT_TRUE(first.outcome);
        some.partitions = 4;
        const Ended second = co_await run_once(some);
        EXPECT_FALSE(second.outcome);
        EXPECT_EQ(second.outcome.error().text, "topic load has 3 partitions, not 4");
        some.partitions = 0;
        const Ended third = co_await run_once(some);
        EXPECT_EQ(third.partitions, 3);
    });
}

TEST_P(RunTest, ATopicThatIsRemovedCanBeMadeAnew) {
    with_client([&](Client&) -> Task<> {
        Shape some = shape();
        some.removes_topic = true;
        const Ended first = co_await run_once(some);
        EXPECT_TRUE(first.outcome);
        some.partitions = 5;
        const Ended second = co_await run_once(some);
        EXPECT_TRUE(second.outcome);
        EXPECT_EQ(second.partitions, 5);
    });
}

TEST_P(RunTest, ABatchThatIsTooLargeEndsTheRun) {
    more_ = {{"message.max.bytes", "1000"}};
    for (const std::int16_t acks : {0, 1}) {
        with_client([&](Client&) -> Task<> {
            Shape some = shape();
            some.acks = acks;
            some.record_bytes = 2000;
            const Ended ended = co_await run_once(some);
            EXPECT_FALSE(ended.outcome);
            if (acks == 0) co_return;
            EXPECT_NE(ended.outcome.error().text.find("MESSAGE_TOO_LARGE"), std::string::npos);
            EXPECT_FALSE(ended.tally.errors.empty());
        });
    }
}

TEST_P(RunTest, WhereNobodyListensIsToldAsUnreachable) {
    with_client([&](Client&) -> Task<> {
        Shape some = shape();
        some.bootstrap.front().port = 1;
        const Ended ended = co_await run_once(some);
        EXPECT_FALSE(ended.outcome);
        EXPECT_EQ(ended.outcome.error().exit, ToolExit::kUnreachable);
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, RunTest, testing::Values(1, 2));

}  // namespace
}  // namespace millrace::bench
