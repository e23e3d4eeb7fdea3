#include "protocol/header.hpp"

#include "tests/support/hex.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

Result<RequestHeader> decode(const Bytes& bytes) {
    Reader reader(bytes);
    return decode_request_header(reader);
}

TEST(RequestHeader, Version1HasANullableClientId) {
    // Metadata v8: the last version before the flexible ones.
    const Bytes bytes = from_hex("0003 0008 0000002a 0002 'me' 99");
    Reader reader(bytes);
    const auto header = decode_request_header(reader);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->api_key, 3);
    EXPECT_EQ(header->api_version, 8);
    EXPECT_EQ(header->correlation_id, 42);
    EXPECT_EQ(header->client_id, "me");
    EXPECT_EQ(reader.remaining(), 1u) << "the body is left";
}

TEST(RequestHeader, NullClientIdIsEmpty) {
    const Bytes bytes = from_hex("0003 0008 0000002a ffff");
    const auto header = decode(bytes);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->client_id, "");
}

TEST(RequestHeader, Trap3_Version2KeepsTheOldClientIdAndSkipsTags) {
    const Bytes bytes = from_hex("0003 0009 0000002a 0002 'me' 01 05 02 aabb 99");
    Reader reader(bytes);
    const auto header = decode_request_header(reader);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->client_id, "me");
    EXPECT_EQ(reader.remaining(), 1u);
}

TEST(RequestHeader, Trap4_ControlledShutdownVersion0HasNoClientId) {
    const Bytes bytes = from_hex("0007 0000 00000001");
    EXPECT_TRUE(decode(bytes));
    const Bytes version_1 = from_hex("0007 0001 00000001");
    EXPECT_EQ(decode(version_1).error(), Errc::kMalformed);
}

TEST(RequestHeader, ApiVersionsFromTheFutureIsReadable) {
    const Bytes bytes = from_hex("0012 0063 00000007 0001 'c' 00 'whatever body'");
    const auto header = decode(bytes);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->api_version, 99);
    EXPECT_EQ(header->correlation_id, 7);
}

TEST(RequestHeader, UnknownApiIsUnsupported) {
    const Bytes bytes = from_hex("0034 0000 00000001 0000");
    EXPECT_EQ(decode(bytes).error(), Errc::kUnsupportedVersion);
}

TEST(RequestHeader, IsMalformedWhenCutAtAnyByte) {
    const Bytes whole = from_hex("0003 0009 0000002a 0002 'me' 01 05 02 aabb");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        const auto header = decode(cut);
        ASSERT_FALSE(header) << size;
        EXPECT_EQ(header.error(), Errc::kMalformed) << size;
    }
}

TEST(RequestHeader, RoundTripsForEveryApiAndVersion) {
    for (const Api& api : all_apis()) {
        for (auto version = api.known.min; version <= api.known.max; ++version) {
            const RequestHeader header{static_cast<std::int16_t>(api.key), version, 77, "client"};
            Writer writer;
            encode_request_header(writer, header);
            const Bytes bytes = writer.to_bytes();
            Reader reader(bytes);
            const auto decoded = decode_request_header(reader);
            ASSERT_TRUE(decoded) << api.name << " " << version;
            EXPECT_EQ(reader.remaining(), 0u);
            EXPECT_EQ(decoded->correlation_id, 77);
            EXPECT_EQ(decoded->client_id, request_header_version(api, version) > 0 ? "client" : "");
        }
    }
}

std::string response_header(std::int16_t key, std::int16_t version) {
    Writer writer;
    encode_response_header(writer, key, version, 42);
    return to_hex(writer.to_bytes());
}

TEST(ResponseHeader, HasATaggedSectionInFlexibleVersions) {
    EXPECT_EQ(response_header(3, 8), "0000002a");
    EXPECT_EQ(response_header(3, 9), "0000002a00");
}

TEST(ResponseHeader, Trap2_OfApiVersionsNeverHasTags) {
    EXPECT_EQ(response_header(18, 0), "0000002a");
    EXPECT_EQ(response_header(18, 3), "0000002a");
    EXPECT_EQ(response_header(18, 4), "0000002a");
}

TEST(ResponseHeader, DecodesToItsCorrelationId) {
    const Bytes bytes = from_hex("0000002a 01 05 01 aa");
    Reader reader(bytes);
    const auto correlation_id = decode_response_header(reader, 3, 9);
    ASSERT_TRUE(correlation_id);
    EXPECT_EQ(*correlation_id, 42);
    EXPECT_EQ(reader.remaining(), 0u);
    Reader cut(ByteView(bytes).first(4));
    EXPECT_EQ(decode_response_header(cut, 3, 9).error(), Errc::kMalformed);
}

}  // namespace
}  // namespace millrace
