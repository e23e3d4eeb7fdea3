// Requests of one connection that become durable together are answered together, and what their
// client sends then shares the next frame.
#include "tests/sim/on_sim_broker.hpp"

namespace millrace::sim {
namespace {

constexpr int kInFlight = 5;
constexpr int kRounds = 100;
// As many requests as a connection stays for where its work isn't, and some more.
constexpr int kFirstRounds = 10;
constexpr int kConnections = 4;
constexpr std::int16_t kVersion = 9;

/// What one round got.
struct Round {
    std::vector<std::int32_t> answered;  // correlation ids
    int pieces{};                        // in which the answers came
};

/// Takes what arrives until `answers` are whole.
Task<> take_answers(Stream& stream, std::size_t answers, Round& round) {
    Bytes taken;
    std::size_t at = 0;
    while (round.answered.size() < answers) {
        Bytes piece(64 << 10);
        const auto count = co_await stream.receive_some(piece);
        EXPECT_TRUE(count);
        if (!count) co_return;
        ++round.pieces;
        append_bytes(taken, ByteView(piece).first(*count));
        while (taken.size() >= at + 8) {
            const auto size = static_cast<std::size_t>(load_be<std::int32_t>(&taken[at]));
            if (taken.size() < at + 4 + size) break;
            round.answered.push_back(load_be<std::int32_t>(&taken[at + 4]));
            at += 4 + size;
        }
    }
}

Task<Round> ask_together(Stream& stream, std::int32_t first, std::int16_t acks_of_first = 1) {
    const Bytes batch = make_batch({.records = 2, .base_timestamp = 1000});
    Bytes all;
    for (std::int32_t i = 0; i < kInFlight; ++i) {
        const std::int16_t acks = i == 0 ? acks_of_first : std::int16_t{1};
        append_bytes(all, framed(produce_to(kOneTopic, 0, batch, acks), kVersion, first + i));
    }
    iovec slice{all.data(), all.size()};
    const auto sent = co_await stream.send_all(std::span(&slice, 1));
    EXPECT_TRUE(sent);
    Round round;
    co_await take_answers(stream, acks_of_first == 0 ? kInFlight - 1 : kInFlight, round);
    co_return round;
}

class AnsweredTogetherTest : public OnSimBroker {
protected:
    /// What some rounds of one connection took.
    struct Taken {
        int pieces{};
        std::uint64_t frames{};
    };

    Task<> connect(World& world) {
        auto stream = co_await Stream::connect(world, "127.0.0.1", kPort);
        stream_.emplace(std::move(*stream));
    }

    Task<> ask_in_rounds(int rounds, int& pieces) {
        for (int i = 0; i < rounds; ++i) {
            const std::int32_t first = i * kInFlight;
            const Round round = co_await ask_together(*stream_, first);
            pieces += round.pieces;
            const std::vector expected{first, first + 1, first + 2, first + 3, first + 4};
            EXPECT_EQ(round.answered, expected);
        }
    }

    Task<> disconnect() {
        co_await stream_->close();
        stream_.reset();
    }

    /// Of a connection that has had the time to leave for where its work is.
    Taken take_rounds() {
        Taken taken;
        int uncounted = 0;
        talk_to_each([this](World& world, std::int32_t) { return connect(world); }, 1);
        talk_to_each([&](World&, std::int32_t) { return ask_in_rounds(kFirstRounds, uncounted); },
                     1);
        const std::uint64_t before = total("millrace_journal_frames_total");
        talk_to_each([&](World&, std::int32_t) { return ask_in_rounds(kRounds, taken.pieces); }, 1);
        taken.frames = total("millrace_journal_frames_total") - before;
        talk_to_each([this](World&, std::int32_t) { return disconnect(); }, 1);
        return taken;
    }

    std::optional<Stream> stream_;
};

TEST_P(AnsweredTogetherTest, AnswersShareASendAndAppendsAFrame) {
    Taken best = take_rounds();
    // This world lets a shard refuse one in four that want to come.
    for (int i = 1; i < kConnections; ++i) {
        const Taken taken = take_rounds();
        if (taken.pieces < best.pieces) best = taken;
    }
    // Now and then the first of them is on its way before the others have come.
    EXPECT_LT(best.pieces, kRounds * 5 / 4);
    EXPECT_LT(best.frames, kRounds * 5 / 4);
}

Task<> ask_without_the_first(World& world, std::uint16_t port) {
    auto stream = co_await Stream::connect(world, "127.0.0.1", port);
    const Round round = co_await ask_together(*stream, 10, 0);
    EXPECT_EQ(round.answered, (std::vector{11, 12, 13, 14}));
    co_await stream->close();
}

TEST_P(AnsweredTogetherTest, WhatWantsNoAnswerGetsNoneAmongThem) {
    talk_to_each([](World& world, std::int32_t) { return ask_without_the_first(world, kPort); }, 1);
}

INSTANTIATE_TEST_SUITE_P(Shards, AnsweredTogetherTest, testing::Values(1, 3));

}  // namespace
}  // namespace millrace::sim
