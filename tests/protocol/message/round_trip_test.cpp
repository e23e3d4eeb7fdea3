// Random messages of every version come back as they went out.
#include "tests/protocol/message/all_messages.hpp"

namespace millrace {
namespace {

template <class Message>
class MessageRoundTrip : public testing::Test {};
TYPED_TEST_SUITE(MessageRoundTrip, AllMessages);

TYPED_TEST(MessageRoundTrip, DecodesWhatWasEncodedInEveryVersion) {
    for (auto version = TypeParam::kVersions.min; version <= TypeParam::kVersions.max; ++version) {
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
            SCOPED_TRACE(testing::Message() << "version " << version << " seed " << seed);
            Filler filler(seed);
            TypeParam message;
            fill(message, version, filler);
            Writer writer;
            message.encode(writer, version);
            ASSERT_TRUE(writer.ok()) << writer.error().message();
            const Bytes bytes = writer.to_bytes();
            ASSERT_EQ(bytes.size(), writer.size());

            Reader reader(bytes);
            const auto decoded = TypeParam::decode(reader, version);
            ASSERT_TRUE(decoded);
            EXPECT_EQ(reader.remaining(), 0u);
            EXPECT_TRUE(*decoded == message);
        }
    }
}

TYPED_TEST(MessageRoundTrip, EncodesAFreshMessageInEveryVersion) {
    for (auto version = TypeParam::kVersions.min; version <= TypeParam::kVersions.max; ++version) {
        Writer writer;
        TypeParam{}.encode(writer, version);
        EXPECT_TRUE(writer.ok()) << "version " << version;
        const Bytes bytes = writer.to_bytes();
        Reader reader(bytes);
        const auto decoded = TypeParam::decode(reader, version);
        ASSERT_TRUE(decoded) << "version " << version;
        EXPECT_TRUE(*decoded == TypeParam{}) << "version " << version;
    }
}

TYPED_TEST(MessageRoundTrip, RefusesVersionsThatDoNotExist) {
    for (const std::int16_t version : {-1, TypeParam::kVersions.max + 1, 32767}) {
        Reader reader(ByteView{});
        const auto decoded = TypeParam::decode(reader, version);
        ASSERT_FALSE(decoded);
        EXPECT_EQ(decoded.error(), Errc::kUnsupportedVersion);
        Writer writer;
        TypeParam{}.encode(writer, version);
        EXPECT_EQ(writer.error(), Errc::kUnsupportedVersion);
        EXPECT_EQ(writer.size(), 0u);
    }
}

}  // namespace
}  // namespace millrace
