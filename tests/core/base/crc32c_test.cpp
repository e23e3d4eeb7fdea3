#include "core/base/crc32c.hpp"

#include "core/base/prng.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace millrace {
namespace {

Bytes random_bytes(std::size_t size, std::uint64_t seed) {
    Prng prng(seed);
    Bytes bytes(size);
    std::ranges::generate(bytes, [&] { return static_cast<std::byte>(prng.next() & 0xff); });
    return bytes;
}

/// The polynomial's own definition, bits reflected.
std::uint32_t bit_by_bit(ByteView bytes, std::uint32_t seed) {
    std::uint32_t state = ~seed;
    for (const std::byte byte : bytes) {
        state ^= std::to_integer<std::uint32_t>(byte);
        for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ ((state & 1) * 0x82f63b78u);
    }
    return ~state;
}

TEST(Crc32c, MatchesPublishedVectors) {
    // The check value of the polynomial's catalogue entry, and the vectors of RFC 3720, B.4.
    EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283u);
    EXPECT_EQ(crc32c({}), 0u);
    EXPECT_EQ(crc32c(Bytes(32, std::byte{0})), 0x8a9136aau);
    EXPECT_EQ(crc32c(Bytes(32, std::byte{0xff})), 0x62a8ab43u);
    Bytes rising(32);
    for (std::size_t index = 0; index < 32; ++index) rising[index] = static_cast<std::byte>(index);
    EXPECT_EQ(crc32c(rising), 0x46dd794eu);
}

TEST(Crc32c, AgreesWithItsDefinitionAtEveryLengthAndAlignment) {
    const Bytes bytes = random_bytes(2'200, 7);
    // From every alignment of a word, across the widths of a processor's registers and their folds.
    for (std::size_t start = 0; start < 8; ++start) {
        std::uint32_t expected = bit_by_bit({}, 5);
        for (std::size_t size = 0; start + size < bytes.size(); ++size) {
            const ByteView view = ByteView(bytes).subspan(start, size);
            ASSERT_EQ(crc32c(view, 5), expected) << size << " bytes from " << start;
            expected = bit_by_bit(ByteView(bytes).subspan(start + size, 1), expected);
        }
    }
}

TEST(Crc32c, SeedContinuesAPrefix) {
    const Bytes bytes = random_bytes(9'000, 11);
    const ByteView view(bytes);
    const std::uint32_t whole = crc32c(view);
    for (const std::size_t cut : {0, 1, 13, 4096, 8999, 9000})
        EXPECT_EQ(crc32c(view.subspan(cut), crc32c(view.first(cut))), whole) << cut;
}

TEST(Crc32c, NoticesEverySingleBitFlip) {
    Bytes bytes = random_bytes(800, 3);
    const std::uint32_t whole = crc32c(bytes);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
        EXPECT_NE(crc32c(bytes), whole) << bit;
        bytes[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    }
}

}  // namespace
}  // namespace millrace
