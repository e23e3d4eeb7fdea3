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

TEST(Crc32c, TablesMatchPublishedVector) {
    EXPECT_EQ(crc32c_detail::by_tables(as_bytes("123456789"), 0), 0xe3069283u);
}

TEST(Crc32c, HardwareAgreesWithTablesAtEveryLengthAndAlignment) {
    if (!crc32c_detail::has_hardware()) GTEST_SKIP() << "no SSE4.2 here";
    // Lengths around multiples of both lane lengths, from every alignment of a word.
    const Bytes bytes = random_bytes(20'000, 7);
    for (const std::size_t size :
         {0,    1,    7,    8,    9,    767,  768,   769,   1535,  1536,
          6143, 6144, 6145, 6911, 6912, 6920, 12287, 12288, 13065, 19'990}) {
        for (std::size_t start = 0; start < 8; ++start) {
            const ByteView view = ByteView(bytes).subspan(start, size);
            EXPECT_EQ(crc32c_detail::by_hardware(view, 5), crc32c_detail::by_tables(view, 5))
                << size << " bytes from " << start;
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
