#include "core/storage/compression.hpp"

#include "core/base/prng.hpp"
#include "core/storage/xerial.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace millrace {
namespace {

Bytes text_of_size(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t index = 0; index < size; ++index)
        bytes[index] = static_cast<std::byte>("the mill race "[index % 14] + (index / 997) % 3);
    return bytes;
}

class EachCodec : public testing::TestWithParam<Codec> {};

INSTANTIATE_TEST_SUITE_P(Compression, EachCodec,
                         testing::Values(Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4,
                                         Codec::kZstd),
                         [](const auto& test) { return std::string(codec_name(test.param)); });

/// A codec whose streams have an end of their own, so that too little and too much can be noticed.
class EachRealCodec : public testing::TestWithParam<Codec> {};

INSTANTIATE_TEST_SUITE_P(Compression, EachRealCodec,
                         testing::Values(Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd),
                         [](const auto& test) { return std::string(codec_name(test.param)); });

TEST_P(EachCodec, RoundTripsFromEmptyToManyBlocks) {
    for (const std::size_t size : {0, 1, 61, 32'768, 32'769, 400'000}) {
        const Bytes bytes = text_of_size(size);
        const Bytes compressed = compress(GetParam(), bytes);
        const auto back = decompress(GetParam(), compressed, size);
        ASSERT_TRUE(back.has_value()) << size << ": " << back.error().message();
        EXPECT_EQ(*back, bytes);
    }
}

TEST_P(EachCodec, StopsOneByteOverTheLimit) {
    const Bytes bytes = text_of_size(100'000);
    const Bytes compressed = compress(GetParam(), bytes);
    const auto back = decompress(GetParam(), compressed, bytes.size() - 1);
    ASSERT_FALSE(back.has_value());
    EXPECT_EQ(back.error(), Errc::kTooLarge);
    EXPECT_EQ(decompress(GetParam(), compressed, 0).error(), Errc::kTooLarge);
}

TEST_P(EachRealCodec, RefusesEveryCutOffStream) {
    const Bytes bytes = text_of_size(500);
    const Bytes compressed = compress(GetParam(), bytes);
    for (std::size_t size = 0; size < compressed.size(); ++size) {
        // Xerial's header alone is a complete stream of no blocks.
        if (GetParam() == Codec::kSnappy && size == 16) continue;
        EXPECT_FALSE(decompress(GetParam(), ByteView(compressed).first(size), 1000).has_value())
            << size;
    }
}

TEST_P(EachRealCodec, RefusesBytesBehindTheStream) {
    Bytes compressed = compress(GetParam(), text_of_size(500));
    compressed.push_back(std::byte{7});
    EXPECT_EQ(decompress(GetParam(), compressed, 1000).error(), Errc::kMalformed);
}

TEST_P(EachCodec, SurvivesFlippedBytes) {
    Prng prng(20);
    const Bytes compressed = compress(GetParam(), text_of_size(3'000));
    for (int round = 0; round < 500; ++round) {
        Bytes damaged = compressed;
        for (int flip = 0; flip < 3; ++flip)
            damaged[prng.below(damaged.size())] = static_cast<std::byte>(prng.below(256));
        const auto back = decompress(GetParam(), damaged, 8'000);
        if (back) {
            EXPECT_LE(back->size(), 8'000u);
        }
    }
}

TEST(Compression, Trap44_ReadsRawSnappyAsOtherClientsSendIt) {
    const Bytes bytes = text_of_size(5'000);
    const Bytes framed = compress(Codec::kSnappy, bytes);
    const ByteView raw = ByteView(framed).subspan(kXerialHeaderBytes + 4);
    EXPECT_EQ(*decompress(Codec::kSnappy, raw, 5'000), bytes);
}

TEST(Compression, Trap44_FramesSnappyAsJavaDoes) {
    const Bytes framed = compress(Codec::kSnappy, text_of_size(40'000));
    const auto* at = framed.data();
    EXPECT_EQ(as_text(ByteView(framed).subspan(1, 6)), "SNAPPY");
    EXPECT_EQ(load_be<std::int32_t>(at + 8), 1);
    EXPECT_EQ(load_be<std::int32_t>(at + 12), 1);
    const auto first = static_cast<std::size_t>(load_be<std::int32_t>(at + 16));
    EXPECT_EQ(decompress(Codec::kSnappy, ByteView(framed).subspan(20, first), 40'000)->size(),
              32'768u);
}

TEST(Compression, ReadsASnappyStreamThatRepeatsItsHeader) {
    const Bytes bytes = text_of_size(100);
    Bytes twice = compress(Codec::kSnappy, bytes);
    const Bytes once = twice;
    append_bytes(twice, once);
    EXPECT_EQ(decompress(Codec::kSnappy, twice, 200)->size(), 200u);
}

TEST(Compression, DoesNotBelieveASnappyLength) {
    // Claims 1 GiB in six bytes; a limit above that must not make it allocate.
    const Bytes lie = {std::byte{0x80}, std::byte{0x80}, std::byte{0x80},
                       std::byte{0x80}, std::byte{0x04}, std::byte{0}};
    EXPECT_EQ(decompress(Codec::kSnappy, lie, std::size_t{1} << 40).error(), Errc::kMalformed);
}

TEST(Compression, JoinsGzipMembers) {
    const Bytes bytes = text_of_size(100);
    Bytes twice = compress(Codec::kGzip, bytes);
    const Bytes once = twice;
    append_bytes(twice, once);
    EXPECT_EQ(decompress(Codec::kGzip, twice, 200)->size(), 200u);
}

TEST(Compression, LevelsAreKafkas) {
    const Bytes bytes = text_of_size(300'000);
    const auto check = [&bytes](Codec codec, int level) {
        const Bytes compressed = compress(codec, bytes, level);
        EXPECT_EQ(*decompress(codec, compressed, bytes.size()), bytes)
            << codec_name(codec) << " " << level;
        return compressed.size();
    };
    EXPECT_LT(check(Codec::kGzip, 9), check(Codec::kGzip, 1));
    EXPECT_EQ(check(Codec::kGzip, -1), compress(Codec::kGzip, bytes).size());
    EXPECT_LT(check(Codec::kZstd, 22), check(Codec::kZstd, -131072));
    // Level 9 is the fast compressor's name there.
    EXPECT_EQ(check(Codec::kLz4, 9), compress(Codec::kLz4, bytes).size());
    EXPECT_NE(check(Codec::kLz4, 8), check(Codec::kLz4, 9));
    check(Codec::kLz4, 1);
    check(Codec::kLz4, 17);
}

TEST(Compression, NamesGoBothWays) {
    for (const Codec codec : {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd})
        EXPECT_EQ(codec_named(codec_name(codec)), codec);
    EXPECT_EQ(codec_named("uncompressed"), Codec::kNone);
    EXPECT_FALSE(codec_named("brotli"));
}

}  // namespace
}  // namespace millrace
