#include "core/base/varint.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace millrace {
namespace {

TEST(Varint, UnsignedRoundTripsAtEveryLengthBoundary) {
    for (unsigned bits = 0; bits < 64; ++bits) {
        const std::uint64_t value = std::uint64_t{1} << bits;
        for (const std::uint64_t each : {value - 1, value, value + 1}) {
            Bytes out;
            write_uvarint(out, each);
            EXPECT_EQ(out.size(), uvarint_size(each));
            std::size_t position = 0;
            EXPECT_EQ(read_uvarint<std::uint64_t>(out, position), each);
            EXPECT_EQ(position, out.size());
        }
    }
}

TEST(Varint, Trap13_SignedIsZigZag) {
    Bytes out;
    write_varlong(out, -1);
    EXPECT_EQ(out, Bytes{std::byte{1}});
    out.clear();
    write_varlong(out, std::numeric_limits<std::int64_t>::min());
    std::size_t position = 0;
    EXPECT_EQ(read_varlong(out, position), std::numeric_limits<std::int64_t>::min());
}

TEST(Varint, RefusesTruncatedAndOversized) {
    const Bytes truncated{std::byte{0x80}, std::byte{0x80}};
    std::size_t position = 0;
    EXPECT_FALSE(read_varlong(truncated, position));

    const Bytes over_32_bits{std::byte{0xff}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff},
                             std::byte{0x10}};
    position = 0;
    EXPECT_FALSE(read_varint(over_32_bits, position));
}

}  // namespace
}  // namespace millrace
