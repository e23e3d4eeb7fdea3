// Bytes that are no message: each is refused, with memory in proportion to what arrived.
#include "protocol/message/api_versions.hpp"
#include "protocol/message/fetch.hpp"
#include "protocol/message/find_coordinator.hpp"
#include "protocol/message/list_offsets.hpp"
#include "protocol/message/metadata.hpp"
#include "protocol/message/produce.hpp"
#include "tests/protocol/message/message_case.hpp"
#include "tests/support/hex.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace millrace {
namespace {

class HostileMessage : public testing::TestWithParam<MessageCase> {
protected:
    static Bytes random_message(std::int16_t version, std::uint64_t seed) {
        return GetParam().make(version, seed, Strings::kAnyBytes).bytes;
    }
};

TEST_P(HostileMessage, IsMalformedWhenCutAtAnyByte) {
    const VersionRange versions = GetParam().versions;
    for (auto version = versions.min; version <= versions.max; ++version) {
        for (std::uint64_t seed = 0; seed < 5; ++seed) {
            const Bytes whole = random_message(version, seed);
            for (std::size_t size = 0; size < whole.size(); ++size) {
                // A copy of its own, so that a sanitizer sees a read behind the end.
                const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
                const auto decoded = GetParam().decode(cut, version);
                ASSERT_FALSE(decoded)
                    << "version " << version << " seed " << seed << " at " << size;
                ASSERT_EQ(decoded.error(), Errc::kMalformed);
            }
        }
    }
}

TEST_P(HostileMessage, NeverReadsOutsideOfDamagedBytes) {
    std::mt19937_64 random(7);
    std::size_t refused = 0;
    std::size_t damaged = 0;
    bool varies = false;
    const VersionRange versions = GetParam().versions;
    for (auto version = versions.min; version <= versions.max; ++version) {
        for (std::uint64_t seed = 0; seed < 100; ++seed) {
            Bytes bytes = random_message(version, seed % 10);
            if (bytes.empty()) continue;
            varies = varies || bytes.size() != random_message(version, 0).size();
            for (int i = 0; i < 3; ++i)
                bytes[random() % bytes.size()] = static_cast<std::byte>(random());
            const auto decoded = GetParam().decode(bytes, version);
            ++damaged;
            if (decoded) continue;
            ++refused;
            EXPECT_EQ(decoded.error(), Errc::kMalformed);
        }
    }
    // Of a message of one size no number is wrong; where lengths are, some damage is noticed.
    EXPECT_TRUE(refused > 0 || !varies);
    EXPECT_LT(refused, std::max<std::size_t>(damaged, 1));
}

INSTANTIATE_TEST_SUITE_P(All, HostileMessage, testing::ValuesIn(all_messages()),
                         [](const auto& each) { return each.param.name; });

template <class Message>
void expect_malformed(std::int16_t version, std::string_view hex) {
    const Bytes bytes = from_hex(hex);
    Reader reader(bytes);
    const auto decoded = Message::decode(reader, version);
    ASSERT_FALSE(decoded) << hex;
    EXPECT_EQ(decoded.error(), Errc::kMalformed);
}

TEST(HostileCounts, AreRefusedBeforeRoomIsMade) {
    // 2^31-1 topics would be 150 GB of structs: the test ends only if nobody asks for them.
    expect_malformed<MetadataRequest>(1, "7fffffff 0001 't'");
    expect_malformed<MetadataRequest>(9, "ffffffff0f 02 't'");
    expect_malformed<ListOffsetsRequest>(1, "ffffffff 7fffffff");
    expect_malformed<ProduceRequest>(3, "ffff 0001 00000000 00000001 0001 't' 7fffffff");
    // Three topics of at least two bytes do not fit into five.
    expect_malformed<MetadataRequest>(1, "00000003 0000 0000 00");
    // Int elements count with four bytes each.
    expect_malformed<FindCoordinatorRequest>(4, "00 7f 00 00 00");
}

TEST(HostileCounts, NegativeIsNullOnlyWhereNullIsAllowed) {
    expect_malformed<MetadataRequest>(0, "ffffffff");
    expect_malformed<MetadataRequest>(1, "fffffffe");
    expect_malformed<ListOffsetsRequest>(1, "ffffffff ffffffff");
    expect_malformed<ProduceRequest>(3, "ffff 0001 00000000 00000001 ffff 00000000");
    expect_malformed<ProduceRequest>(9, "00 0001 00000000 02 00 01 00 00");
}

TEST(HostileTags, HaveToUseUpTheirSizeExactly) {
    // ApiVersions response v3, tag 1 (an int64) announced with nine and with seven bytes.
    expect_malformed<ApiVersionsResponse>(3, "0000 01 00000000 01 01 09 000000000000000700");
    expect_malformed<ApiVersionsResponse>(3, "0000 01 00000000 01 01 07 00000000000007");
    expect_malformed<ApiVersionsResponse>(3, "0000 01 00000000 01 63 05 00");
    expect_malformed<ApiVersionsResponse>(3, "0000 01 00000000 ffffffff0f");
}

TEST(UnsupportedValues, FailTheWriterInsteadOfGettingLost) {
    FetchRequest fetch;
    fetch.forgotten_topics.emplace_back();
    Writer old_fetch;
    fetch.encode(old_fetch, 6);
    EXPECT_EQ(old_fetch.error(), Errc::kUnsupportedVersion);
    Writer new_fetch;
    fetch.encode(new_fetch, 7);
    EXPECT_TRUE(new_fetch.ok());

    MetadataRequest all_topics;
    all_topics.topics.reset();
    Writer v0;
    all_topics.encode(v0, 0);
    EXPECT_EQ(v0.error(), Errc::kUnsupportedVersion);

    MetadataResponse ignorable;
    ignorable.cluster_id = "c";
    Writer v1;
    ignorable.encode(v1, 1);
    EXPECT_TRUE(v1.ok());
}

TEST(UnsupportedValues, StringOverInt16FailsTheWriter) {
    FindCoordinatorRequest request;
    request.key.assign(32768, 'k');
    Writer writer;
    request.encode(writer, 0);
    EXPECT_EQ(writer.error(), Errc::kTooLarge);
}

}  // namespace
}  // namespace millrace
