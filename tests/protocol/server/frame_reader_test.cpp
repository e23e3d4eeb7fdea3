// Frames off a real stream, however their bytes arrive.
#include "protocol/server/frame_reader.hpp"

#include "core/runtime/gate.hpp"
#include "core/runtime/timer.hpp"
#include "tests/support/on_ring.hpp"

namespace millrace {
namespace {

Bytes frame_of(std::string_view text) {
    Bytes bytes(4);
    store_be(bytes.data(), static_cast<std::int32_t>(text.size()));
    append_bytes(bytes, as_bytes(text));
    return bytes;
}

class FrameReaderTest : public OnRing {
protected:
    /// Reads until an error; what was read, and that error.
    struct Reading {
        std::vector<std::string> frames;
        Error end;
    };

    static Task<> read_all(Stream& stream, Semaphore& budget, std::int32_t bytes_max,
                           Reading& reading) {
        FrameReader reader(stream, budget, bytes_max);
        for (;;) {
            const auto frame = co_await reader.next();
            if (!frame) {
                reading.end = frame.error();
                co_return;
            }
            reading.frames.emplace_back(as_text(frame->bytes()));
        }
    }

    static Task<> send_in_pieces(World& world, std::uint16_t port, ByteView bytes,
                                 std::size_t piece) {
        auto stream = co_await Stream::connect(world, "127.0.0.1", port);
        while (!bytes.empty()) {
            const ByteView front = bytes.first(std::min(piece, bytes.size()));
            iovec slice{const_cast<std::byte*>(front.data()), front.size()};
            EXPECT_TRUE(co_await stream->send_all(std::span(&slice, 1)));
            bytes = bytes.subspan(front.size());
            // Lets the reader take what is there, so that pieces arrive as they were sent.
            if (piece < 1000) co_await sleep_for(world, std::chrono::microseconds(50));
        }
        co_await stream->close();
    }

    Task<Reading> exchange(ByteView bytes, std::size_t piece, std::int32_t bytes_max) {
        auto acceptor = co_await Acceptor::listen(*world_, "127.0.0.1", 0);
        Gate gate(*world_);
        gate.spawn(send_in_pieces(*world_, acceptor->port(), bytes, piece));
        auto stream = co_await acceptor->accept();
        Semaphore budget(*world_, 1 << 20);
        Reading reading;
        co_await read_all(*stream, budget, bytes_max, reading);
        co_await stream->close();
        co_await gate.close();
        co_await acceptor->close();
        EXPECT_EQ(budget.taken(), 0);
        co_return reading;
    }
};

TEST_F(FrameReaderTest, GivesTheSameFramesForPiecesOfAnySize) {
    const auto scenario = [this]() -> Task<> {
        const std::string large(100'000, 'x');
        Bytes stream;
        const std::vector<std::string> expected{"abc", "", "d", large, large, "efghi", "j"};
        for (const std::string& each : expected) append_bytes(stream, frame_of(each));
        for (const std::size_t piece : {1u << 20, 70'000u, 4096u, 997u}) {
            const Reading reading = co_await exchange(stream, piece, 1 << 20);
            EXPECT_EQ(reading.frames, expected) << piece;
            EXPECT_EQ(reading.end, make_error_code(Errc::kEndOfStream));
        }
    };
    run(scenario());
}

TEST_F(FrameReaderTest, GivesTheSameFramesByteByByte) {
    const auto scenario = [this]() -> Task<> {
        Bytes stream;
        const std::vector<std::string> expected{"abc", "", "d"};
        for (const std::string& each : expected) append_bytes(stream, frame_of(each));
        const Reading reading = co_await exchange(stream, 1, 100);
        EXPECT_EQ(reading.frames, expected);
    };
    run(scenario());
}

TEST_F(FrameReaderTest, RefusesNegativeAndOversizedBeforeItMakesRoom) {
    const auto scenario = [this]() -> Task<> {
        Bytes stream = frame_of("fine");
        append_bytes(stream, frame_of("too large"));
        const Reading large = co_await exchange(stream, 1 << 20, 8);
        EXPECT_EQ(large.frames, std::vector<std::string>{"fine"});
        EXPECT_EQ(large.end, make_error_code(Errc::kTooLarge));
        Bytes negative(4);
        store_be(negative.data(), std::int32_t{-1});
        const Reading refused = co_await exchange(negative, 4, 8);
        EXPECT_EQ(refused.end, make_error_code(Errc::kMalformed));
    };
    run(scenario());
}

Task<> read_one(Acceptor& acceptor, Semaphore& budget, std::int32_t bytes_max) {
    auto stream = co_await acceptor.accept();
    FrameReader reader(*stream, budget, bytes_max);
    const auto frame = co_await reader.next();
    EXPECT_EQ(frame.error(), make_error_code(Errc::kEndOfStream));
    co_await stream->close();
}

TEST_F(FrameReaderTest, WhoAnnouncesMuchAndSendsNothingHoldsLittle) {
    const auto scenario = [this]() -> Task<> {
        constexpr std::int32_t kAnnounced = 100 << 20;
        constexpr int kAnnouncers = 20;
        Semaphore budget(*world_, 512 << 20);
        auto acceptor = co_await Acceptor::listen(*world_, "127.0.0.1", 0);
        Gate gate(*world_);
        std::vector<Stream> announcers;
        Bytes size(4);
        store_be(size.data(), kAnnounced);
        for (int i = 0; i < kAnnouncers; ++i) {
            gate.spawn(read_one(*acceptor, budget, kAnnounced));
            auto stream = co_await Stream::connect(*world_, "127.0.0.1", acceptor->port());
            iovec slice{size.data(), size.size()};
            EXPECT_TRUE(co_await stream->send_all(std::span(&slice, 1)));
            announcers.push_back(std::move(*stream));
        }
        constexpr std::int64_t kHeld = std::int64_t{kAnnouncers} * (64 << 10);
        while (budget.taken() < kHeld) co_await sleep_for(*world_, std::chrono::milliseconds(1));
        EXPECT_EQ(budget.taken(), kHeld);
        for (Stream& each : announcers) co_await each.close();
        co_await gate.close();
        EXPECT_EQ(budget.taken(), 0);
        co_await acceptor->close();
    };
    run(scenario());
}

TEST_F(FrameReaderTest, LargeFramesThatFillTheBudgetTogetherAllArrive) {
    const auto scenario = [this]() -> Task<> {
        const Bytes large = frame_of(std::string(900'000, 'x'));
        Semaphore budget(*world_, 1 << 20);
        auto acceptor = co_await Acceptor::listen(*world_, "127.0.0.1", 0);
        Gate gate(*world_);
        std::vector<Stream> streams;
        std::vector<Reading> readings(8);
        for (std::size_t i = 0; i < readings.size(); ++i) {
            // The pieces of all come in by turns, so that none is whole before the budget is out.
            gate.spawn(send_in_pieces(*world_, acceptor->port(), large, 90'000));
            auto stream = co_await acceptor->accept();
            streams.push_back(std::move(*stream));
        }
        for (std::size_t i = 0; i < streams.size(); ++i) {
            gate.spawn(read_all(streams[i], budget, 1 << 20, readings[i]));
        }
        co_await gate.close();
        for (const Reading& each : readings) EXPECT_EQ(each.frames.size(), 1u);
        EXPECT_EQ(budget.taken(), 0);
        for (Stream& each : streams) co_await each.close();
        co_await acceptor->close();
    };
    run(scenario());
}

TEST_F(FrameReaderTest, AStreamThatEndsInsideAFrameGivesNoFrame) {
    const auto scenario = [this]() -> Task<> {
        Bytes stream = frame_of("whole");
        stream.resize(stream.size() - 1);
        const Reading reading = co_await exchange(stream, 1 << 20, 100);
        EXPECT_TRUE(reading.frames.empty());
        EXPECT_EQ(reading.end, make_error_code(Errc::kEndOfStream));
    };
    run(scenario());
}

}  // namespace
}  // namespace millrace
