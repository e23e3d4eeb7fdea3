#include "protocol/wire.hpp"

#include "protocol/codec.hpp"
#include "tests/support/hex.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(Reader, StaysFailedAndGivesZeroAfterTheFirstError) {
    const Bytes bytes = from_hex("0001 02");
    Reader reader(bytes);
    EXPECT_EQ(reader.read<std::int16_t>(), 1);
    EXPECT_EQ(reader.read<std::int32_t>(), 0);
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.read<std::int8_t>(), 0) << "the byte that is left is not given out any more";
    EXPECT_EQ(reader.remaining(), 0u);
}

TEST(Reader, SpansAreBorrowed) {
    const Bytes bytes = from_hex("00 0102");
    Reader reader(bytes);
    reader.read<std::int8_t>();
    EXPECT_EQ(reader.read_span(2).data(), bytes.data() + 1);
    EXPECT_TRUE(reader.ok());
    EXPECT_TRUE(reader.read_span(1).empty());
    EXPECT_FALSE(reader.ok());
}

TEST(Reader, LengthsTellNullFromEmpty) {
    const Bytes bytes = from_hex("ffff 0000 00 01 ffffffff 00000000");
    Reader reader(bytes);
    EXPECT_EQ(reader.read_string_length(false), std::nullopt);
    EXPECT_EQ(reader.read_string_length(false), 0u);
    EXPECT_EQ(reader.read_string_length(true), std::nullopt);
    EXPECT_EQ(reader.read_string_length(true), 0u);
    EXPECT_EQ(reader.read_bytes_length(false), std::nullopt);
    EXPECT_EQ(reader.read_bytes_length(false), 0u);
    EXPECT_TRUE(reader.ok());
}

TEST(Reader, RefusesLengthsBelowNull) {
    const Bytes bytes = from_hex("fffe fffffffe");
    Reader strings(bytes);
    EXPECT_EQ(strings.read_string_length(false), std::nullopt);
    EXPECT_FALSE(strings.ok());
    Reader spans(ByteView(bytes).subspan(2));
    EXPECT_EQ(spans.read_bytes_length(false), std::nullopt);
    EXPECT_FALSE(spans.ok());
}

TEST(Reader, RefusesCompactStringsOverInt16) {
    const Bytes bytes = from_hex("818002");  // 32769, for 32768 bytes
    Reader reader(bytes);
    EXPECT_EQ(reader.read_string_length(true), std::nullopt);
    EXPECT_FALSE(reader.ok());
}

TEST(Reader, CountHasToFitIntoWhatIsLeft) {
    const Bytes bytes = from_hex("00000002 00000000 00000000");
    Reader fits(bytes);
    EXPECT_EQ(fits.read_count(false, 4), 2u);
    Reader too_many(bytes);
    EXPECT_EQ(too_many.read_count(false, 5), std::nullopt);
    EXPECT_FALSE(too_many.ok());
}

TEST(Reader, CountOfNothingSizedElementsIsStillBounded) {
    const Bytes bytes = from_hex("00000002 00");
    Reader reader(bytes);
    EXPECT_EQ(reader.read_count(false, 0), std::nullopt);
    EXPECT_FALSE(reader.ok());
}

TEST(Writer, PutsSegmentsInOrderAroundSplices) {
    const Bytes large(Writer::kSpliceMin, std::byte{9});
    const Bytes small(Writer::kSpliceMin - 1, std::byte{8});
    Writer writer;
    writer.put(std::int16_t{1});
    writer.splice(large);
    writer.splice(small);
    writer.splice(large);
    const auto segments = writer.segments();
    ASSERT_EQ(segments.size(), 4u);
    EXPECT_EQ(segments[0].size(), 2u);
    EXPECT_EQ(segments[1].bytes.data(), large.data());
    EXPECT_NE(segments[2].bytes.data(), small.data()) << "small spans are copied";
    EXPECT_EQ(segments[3].bytes.data(), large.data());
    EXPECT_EQ(writer.size(), 2 + 2 * large.size() + small.size());
    EXPECT_EQ(writer.to_bytes().size(), writer.size());
}

TEST(Writer, AppendKeepsSplicesInPlace) {
    const Bytes large(Writer::kSpliceMin, std::byte{9});
    Writer inner;
    inner.put(std::int8_t{2});
    inner.splice(large);
    inner.put(std::int8_t{3});
    Writer outer;
    outer.put(std::int8_t{1});
    outer.append(inner);
    Bytes expected = from_hex("01 02");
    append_bytes(expected, large);
    append_bytes(expected, from_hex("03"));
    EXPECT_EQ(outer.to_bytes(), expected);
    EXPECT_EQ(outer.segments().size(), 3u);
}

TEST(Writer, AppendTakesOverAFailure) {
    Writer inner;
    inner.fail(Errc::kTooLarge);
    Writer outer;
    outer.append(inner);
    EXPECT_EQ(outer.error(), Errc::kTooLarge);
}

TEST(Writer, KeepsTheFirstFailure) {
    Writer writer;
    EXPECT_TRUE(writer.ok());
    writer.fail(Errc::kTooLarge);
    writer.fail(Errc::kUnsupportedVersion);
    EXPECT_EQ(writer.error(), Errc::kTooLarge);
}

TEST(TaggedFields, Trap11_AreWrittenWithTagAndSize) {
    TaggedFields tagged;
    tagged.add(0).put(std::int16_t{7});
    tagged.add(300).put_span(from_hex("aa"));
    Writer writer;
    tagged.write_to(writer);
    EXPECT_EQ(to_hex(writer.to_bytes()), to_hex(from_hex("02  00 02 0007  ac02 01 aa")));
}

TEST(TaggedFieldsDeathTest, HaveToRise) {
    EXPECT_DEATH(
        {
            TaggedFields tagged;
            tagged.add(1);
            tagged.add(1);
        },
        "tags rise");
}

TEST(Records, AreEqualByContentNotByPieces) {
    const Bytes bytes = from_hex("010203");
    Records pieces;
    pieces.add(ByteView(bytes).first(1));
    pieces.add(ByteView(bytes).subspan(1));
    EXPECT_TRUE(pieces == Records(bytes));
    EXPECT_TRUE(pieces == Records(Bytes(bytes)));
    EXPECT_FALSE(pieces == Records(ByteView(bytes).first(2)));
    EXPECT_EQ(pieces.size(), 3u);
    EXPECT_TRUE(Records().empty());
}

TEST(Codec, BoolIsTrueForEveryByteButZero) {
    const Bytes bytes = from_hex("00 01 02");
    Reader reader(bytes);
    bool value = true;
    codec::read_field(reader, false, value);
    EXPECT_FALSE(value);
    codec::read_field(reader, false, value);
    EXPECT_TRUE(value);
    value = false;
    codec::read_field(reader, false, value);
    EXPECT_TRUE(value);
}

}  // namespace
}  // namespace millrace
