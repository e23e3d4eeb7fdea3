// Random messages of every version come back as they went out.
#include "tests/protocol/message/message_case.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

class MessageRoundTrip : public testing::TestWithParam<MessageCase> {
protected:
    void expect_back(std::int16_t version, std::optional<std::uint64_t> seed) {
        const Instance instance = GetParam().make(version, seed, Strings::kAnyBytes);
        ASSERT_TRUE(instance.encoded) << instance.encoded.error().message();
        EXPECT_TRUE(instance.comes_back);
    }
};

TEST_P(MessageRoundTrip, DecodesWhatWasEncodedInEveryVersion) {
    const VersionRange versions = GetParam().versions;
    for (auto version = versions.min; version <= versions.max; ++version) {
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
            SCOPED_TRACE(testing::Message() << "version " << version << " seed " << seed);
            expect_back(version, seed);
        }
    }
}

TEST_P(MessageRoundTrip, EncodesAFreshMessageInEveryVersion) {
    const VersionRange versions = GetParam().versions;
    for (auto version = versions.min; version <= versions.max; ++version) {
        SCOPED_TRACE(testing::Message() << "version " << version);
        expect_back(version, std::nullopt);
    }
}

TEST_P(MessageRoundTrip, RefusesVersionsThatDoNotExist) {
    for (const std::int16_t version : {-1, GetParam().versions.max + 1, 32767}) {
        const auto decoded = GetParam().decode({}, version);
        ASSERT_FALSE(decoded);
        EXPECT_EQ(decoded.error(), Errc::kUnsupportedVersion);
        const Instance instance = GetParam().make(version, std::nullopt, Strings::kAnyBytes);
        ASSERT_FALSE(instance.encoded);
        EXPECT_EQ(instance.encoded.error(), Errc::kUnsupportedVersion);
    }
}

INSTANTIATE_TEST_SUITE_P(All, MessageRoundTrip, testing::ValuesIn(all_messages()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace millrace
