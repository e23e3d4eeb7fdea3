#include "bench/roof/greeting.hpp"

#include "protocol/frame.hpp"
#include "protocol/header.hpp"
#include "protocol/message/api_versions.hpp"
#include "protocol/message/metadata.hpp"
#include "protocol/message/produce.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/requests.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace millrace::bench {
namespace {

constexpr std::int32_t kCorrelation = 77;
constexpr std::size_t kSizeBytes = 4;

template <class Message>
Bytes asked(const Message& request, std::int16_t version) {
    Writer writer;
    encode_request_header(writer, {Message::kApiKey, version, kCorrelation, "client"});
    request.encode(writer, version);
    return writer.to_bytes();
}

template <class Message>
Message told(const Bytes& frame, std::int16_t version) {
    const auto size = static_cast<std::size_t>(load_be<std::int32_t>(frame.data()));
    EXPECT_EQ(size, frame.size() - kSizeBytes);
    Reader reader(ByteView(frame).subspan(kSizeBytes));
    EXPECT_EQ(decode_response_header(reader, Message::kApiKey, version).value(), kCorrelation);
    return Message::decode(reader, version).value();
}

TEST(Greeting, EveryTopicIsThereWithAllItsPartitions) {
    const Host host{9092, 3};
    const auto response = told<MetadataResponse>(greet(host, asked(metadata_of("t"), 5)), 5);
    ASSERT_EQ(response.topics.size(), 1u);
    EXPECT_EQ(response.topics[0].name, "t");
    EXPECT_EQ(response.topics[0].partitions.size(), 3u);
    ASSERT_EQ(response.brokers.size(), 1u);
    EXPECT_EQ(response.brokers[0].port, 9092);
}

TEST(Greeting, VersionsThatAreTooNewAreAnsweredInTheOldest) {
    const Bytes answer = greet({}, asked(ApiVersionsRequest(), 3));
    const auto response = told<ApiVersionsResponse>(answer, 0);
    EXPECT_EQ(response.error_code, 35);
    EXPECT_FALSE(response.api_keys.empty());
}

TEST(Greeting, AllRecordsAreAccepted) {
    const Bytes batch = make_batch();
    ProduceRequest request = produce_to("t", 4, batch, 1);
    request.topics[0].partitions.push_back(request.topics[0].partitions[0]);
    request.topics[0].partitions.back().index = 9;
    const auto response = told<ProduceResponse>(acceptance_of(asked(request, 8)), 8);
    ASSERT_EQ(response.topics.size(), 1u);
    ASSERT_EQ(response.topics[0].partitions.size(), 2u);
    EXPECT_EQ(response.topics[0].partitions[0].index, 4);
    EXPECT_EQ(response.topics[0].partitions[1].index, 9);
    EXPECT_EQ(response.topics[0].partitions[1].error_code, 0);
}

TEST(Greeting, RecordsThatAskForNoAnswerHaveNone) {
    const Bytes batch = make_batch();
    EXPECT_TRUE(acceptance_of(asked(produce_to("t", 4, batch, 0), 8)).empty());
}

TEST(Greeting, WhatIsNoRequestIsRefused) {
    EXPECT_THROW((void)greet({}, Bytes(3)), std::runtime_error);
    EXPECT_THROW((void)acceptance_of(Bytes(12)), std::runtime_error);
}

}  // namespace
}  // namespace millrace::bench
