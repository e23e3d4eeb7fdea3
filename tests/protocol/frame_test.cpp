#include "protocol/frame.hpp"

#include "tests/protocol/hex.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace millrace {
namespace {

/// Takes everything out of `chunk`; copies, because a frame is borrowed only until the next call.
void take_all(FrameAssembler& frames, ByteView chunk, std::vector<Bytes>& out) {
    while (true) {
        const auto frame = frames.next(chunk);
        ASSERT_TRUE(frame);
        if (!*frame) break;
        out.emplace_back((*frame)->begin(), (*frame)->end());
    }
    EXPECT_TRUE(chunk.empty());
}

TEST(FrameAssembler, GivesTheSameFramesForEveryChunking) {
    const Bytes stream = from_hex("00000003 'abc' 00000000 00000001 'd' 00000005 'efghi'");
    const std::vector<Bytes> expected{from_hex("'abc'"), {}, from_hex("'d'"), from_hex("'efghi'")};
    for (std::size_t first = 0; first <= stream.size(); ++first) {
        for (std::size_t second = first; second <= stream.size(); ++second) {
            FrameAssembler frames(100);
            std::vector<Bytes> out;
            const ByteView all(stream);
            take_all(frames, all.first(first), out);
            take_all(frames, all.subspan(first, second - first), out);
            take_all(frames, all.subspan(second), out);
            EXPECT_EQ(out, expected) << first << " " << second;
        }
    }
}

TEST(FrameAssembler, GivesTheSameFramesByteByByte) {
    const Bytes stream = from_hex("00000003 'abc' 00000000 00000001 'd'");
    FrameAssembler frames(3);
    std::vector<Bytes> out;
    for (const std::byte& byte : stream) take_all(frames, ByteView(&byte, 1), out);
    EXPECT_EQ(out, (std::vector<Bytes>{from_hex("'abc'"), {}, from_hex("'d'")}));
}

TEST(FrameAssembler, BorrowsAWholeFrameFromTheChunk) {
    const Bytes stream = from_hex("00000003 'abc'");
    FrameAssembler frames(100);
    ByteView chunk(stream);
    const auto frame = frames.next(chunk);
    ASSERT_TRUE(frame && *frame);
    EXPECT_EQ((*frame)->data(), stream.data() + 4);
}

TEST(FrameAssembler, KnowsWhatIsMissing) {
    const Bytes stream = from_hex("00000003 'a'");
    FrameAssembler frames(100);
    EXPECT_EQ(frames.missing(), 0u);
    ByteView chunk(stream);
    ASSERT_TRUE(frames.next(chunk));
    EXPECT_EQ(frames.missing(), 2u);
}

TEST(FrameAssembler, RefusesNegativeAndOversizedForGood) {
    const auto refuse = [](std::string_view hex, Errc errc) {
        const Bytes stream = from_hex(hex);
        FrameAssembler frames(100);
        ByteView chunk(stream);
        EXPECT_EQ(frames.next(chunk).error(), errc);
        const Bytes good = from_hex("00000001 'a'");
        chunk = good;
        EXPECT_EQ(frames.next(chunk).error(), errc);
    };
    refuse("ffffffff 'abc'", Errc::kMalformed);
    refuse("80000000", Errc::kMalformed);
    refuse("00000065", Errc::kTooLarge);
    refuse("7fffffff", Errc::kTooLarge);
}

TEST(FrameAssembler, AcceptsTheLargestSizeThatIsAllowed) {
    Bytes stream = from_hex("00000064");
    stream.resize(104);
    FrameAssembler frames(100);
    ByteView chunk(stream);
    const auto frame = frames.next(chunk);
    ASSERT_TRUE(frame && *frame);
    EXPECT_EQ((*frame)->size(), 100u);
}

TEST(Frame, SizeCountsSplicedBytes) {
    const Bytes large(Writer::kSpliceMin, std::byte{9});
    Writer writer;
    start_frame(writer);
    writer.put(std::int16_t{1});
    writer.splice(large);
    writer.put(std::int16_t{2});
    finish_frame(writer);
    const Bytes bytes = writer.to_bytes();
    EXPECT_EQ(load_be<std::int32_t>(bytes.data()), static_cast<std::int32_t>(large.size() + 4));
    EXPECT_EQ(bytes.size(), large.size() + 8);
}

}  // namespace
}  // namespace millrace
