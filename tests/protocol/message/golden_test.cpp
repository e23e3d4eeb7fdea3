// Messages against bytes written by hand from the format, field by field. What is encoded has to be
// these bytes, and what is decoded from them has to be that message.
#include "protocol/message/api_versions.hpp"
#include "protocol/message/fetch.hpp"
#include "protocol/message/find_coordinator.hpp"
#include "protocol/message/list_offsets.hpp"
#include "protocol/message/metadata.hpp"
#include "protocol/message/produce.hpp"
#include "tests/support/hex.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace millrace {
namespace {

template <class Message>
void expect_golden(const Message& message, std::int16_t version, std::string_view hex) {
    SCOPED_TRACE(testing::Message() << "version " << version);
    const Bytes golden = from_hex(hex);
    Writer writer;
    message.encode(writer, version);
    EXPECT_TRUE(writer.ok()) << writer.error().message();
    EXPECT_EQ(to_hex(writer.to_bytes()), to_hex(golden));
    Reader reader(golden);
    const auto decoded = Message::decode(reader, version);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(reader.remaining(), 0u);
    EXPECT_TRUE(*decoded == message);
}

constexpr std::string_view kTopicIdHex = "00112233445566778899aabbccddeeff";

Uuid topic_id() {
    const Bytes raw = from_hex(kTopicIdHex);
    Uuid id;
    std::copy(raw.begin(), raw.end(), id.bytes.begin());
    return id;
}

std::string with_topic_id(std::string before, std::string_view after) {
    return std::move(before) + std::string(kTopicIdHex) + std::string(after);
}

const Bytes kRecords = from_hex("010203");

TEST(GoldenApiVersions, Request) {
    expect_golden(ApiVersionsRequest{}, 0, "");
    ApiVersionsRequest request;
    request.client_software_name = "ab";
    request.client_software_version = "1.0";
    expect_golden(request, 3,
                  "03 'ab'  04 '1.0'"
                  "00");  // tags
}

TEST(GoldenApiVersions, Response) {
    ApiVersionsResponse response;
    response.api_keys = {{.api_key = 18, .min_version = 0, .max_version = 4}};
    expect_golden(response, 0, "0000  00000001 0012 0000 0004");

    response.throttle_time_ms = 5;
    expect_golden(response, 3, "0000  02 0012 0000 0004 00  00000005  00");

    response.finalized_features_epoch = 7;
    response.finalized_features = {{.name = "f", .max_version_level = 2, .min_version_level = 1}};
    response.zk_migration_ready = true;
    expect_golden(response, 3,
                  "0000  02 0012 0000 0004 00  00000005"
                  "03"                            // tags 1, 2 and 3; tag 0 is empty and left out
                  "01 08 0000000000000007"        // epoch
                  "02 08 02 02 'f' 0002 0001 00"  // finalized features
                  "03 01 01");                    // migration ready
}

TEST(GoldenApiVersions, SkipsUnknownTags) {
    const Bytes bytes = from_hex("03 'ab'  04 '1.0'  02 05 03 aabbcc e807 00");
    Reader reader(bytes);
    const auto request = ApiVersionsRequest::decode(reader, 3);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->client_software_version, "1.0");
    EXPECT_EQ(reader.remaining(), 0u);
}

TEST(GoldenMetadata, RequestTellsNullFromEmptyTopics) {
    MetadataRequest request;
    expect_golden(request, 1, "00000000");
    request.topics.reset();
    expect_golden(request, 1, "ffffffff");
    expect_golden(request, 9, "00  01 00 00  00");
}

TEST(GoldenMetadata, Request) {
    MetadataRequest request;
    request.topics->emplace_back().name = "t";
    expect_golden(request, 1, "00000001 0001 't'");
    request.include_topic_authorized_operations = true;
    expect_golden(request, 9,
                  "02 02 't' 00"  // one topic
                  "01 00 01"      // auto creation, cluster operations, topic operations
                  "00");
    request.topics->front().name.reset();
    request.topics->front().topic_id = topic_id();
    expect_golden(request, 12, with_topic_id("02", "00 00  01 01  00"));
}

MetadataResponse metadata_response() {
    MetadataResponse response;
    response.brokers = {{.node_id = 1, .host = "h", .port = 9092, .rack = std::nullopt}};
    response.controller_id = 1;
    auto& topic = response.topics.emplace_back();
    topic.name = "t";
    auto& partition = topic.partitions.emplace_back();
    partition.leader_id = 1;
    partition.replicas = {1};
    partition.isr = {1};
    return response;
}

TEST(GoldenMetadata, Response) {
    MetadataResponse response = metadata_response();
    expect_golden(response, 1,
                  "00000001  00000001 0001 'h' 00002384 ffff"  // broker without rack
                  "00000001"                                   // controller
                  "00000001  0000 0001 't' 00"                 // topic, not internal
                  "00000001  0000 00000000 00000001"           // partition 0, leader 1
                  "00000001 00000001  00000001 00000001");     // replicas, isr

    response.cluster_id = "c";
    response.topics[0].partitions[0].leader_epoch = 3;
    expect_golden(response, 9,
                  "00000000"
                  "02  00000001 02 'h' 00002384 00 00"
                  "02 'c'  00000001"
                  "02  0000 02 't' 00"
                  "02  0000 00000000 00000001 00000003"
                  "02 00000001  02 00000001  01  00"  // replicas, isr, offline, tags
                  "80000000 00"                       // topic operations not asked
                  "80000000 00");                     // cluster operations not asked

    response.topics[0].topic_id = topic_id();
    expect_golden(response, 12,
                  with_topic_id("00000000"
                                "02  00000001 02 'h' 00002384 00 00"
                                "02 'c'  00000001"
                                "02  0000 02 't'",
                                "00"
                                "02  0000 00000000 00000001 00000003"
                                "02 00000001  02 00000001  01  00"
                                "80000000 00"
                                "00"));
}

TEST(GoldenProduce, Request) {
    ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 1500;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions.emplace_back().records = kRecords;
    expect_golden(request, 3,
                  "ffff  ffff  000005dc"
                  "00000001 0001 't'  00000001 00000000  00000003 010203");
    expect_golden(request, 9,
                  "00  ffff  000005dc"
                  "02 02 't'  02 00000000  04 010203 00  00  00");
}

TEST(GoldenProduce, RequestBorrowsRecordsFromTheFrame) {
    const Bytes frame =
        from_hex("00  ffff  000005dc  02 02 't'  02 00000000  04 010203 00  00  00");
    Reader reader(frame);
    const auto request = ProduceRequest::decode(reader, 9);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->topics[0].partitions[0].records->data(), frame.data() + 16);
}

TEST(GoldenProduce, Response) {
    ProduceResponse response;
    auto& topic = response.topics.emplace_back();
    topic.name = "t";
    topic.partitions.emplace_back().base_offset = 42;
    expect_golden(response, 3,
                  "00000001 0001 't'"
                  "00000001 00000000 0000 000000000000002a ffffffffffffffff"
                  "00000000");
    topic.partitions[0].log_start_offset = 0;
    topic.partitions[0].error_message.reset();
    expect_golden(response, 9,
                  "02 02 't'"
                  "02 00000000 0000 000000000000002a ffffffffffffffff 0000000000000000"
                  "01 00 00  00"  // no record errors, no message, tags
                  "00000000  00");
    topic.partitions[0].error_code = 6;
    topic.partitions[0].current_leader = {.leader_id = 2, .leader_epoch = 5};
    response.node_endpoints = {{.node_id = 2, .host = "h", .port = 9092, .rack = std::nullopt}};
    expect_golden(response, 10,
                  "02 02 't'"
                  "02 00000000 0006 000000000000002a ffffffffffffffff 0000000000000000"
                  "01 00"
                  "01 00 09 00000002 00000005 00"  // current leader
                  "00"
                  "00000000"
                  "01 00 0d 02 00000002 02 'h' 00002384 00 00");  // node endpoints
}

FetchRequest fetch_request() {
    FetchRequest request;
    request.max_wait_ms = 500;
    request.min_bytes = 1;
    request.isolation_level = 1;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    auto& partition = topic.partitions.emplace_back();
    partition.fetch_offset = 7;
    partition.partition_max_bytes = 1 << 20;
    return request;
}

TEST(GoldenFetch, RequestBeforeFlexible) {
    const FetchRequest request = fetch_request();
    expect_golden(request, 4,
                  "ffffffff 000001f4 00000001 7fffffff 01"
                  "00000001 0001 't'  00000001 00000000 0000000000000007 00100000");
    expect_golden(request, 11,
                  "ffffffff 000001f4 00000001 7fffffff 01"
                  "00000000 ffffffff"  // session id and epoch
                  "00000001 0001 't'"
                  "00000001 00000000 ffffffff 0000000000000007 ffffffffffffffff 00100000"
                  "00000000"  // forgotten topics
                  "0000");    // rack
}

TEST(GoldenFetch, RequestFlexible) {
    FetchRequest request = fetch_request();
    expect_golden(request, 12,
                  "ffffffff 000001f4 00000001 7fffffff 01  00000000 ffffffff"
                  "02 02 't'"
                  "02 00000000 ffffffff 0000000000000007 ffffffff ffffffffffffffff 00100000 00"
                  "00  01 01 00");
    request.topics[0].name.clear();
    request.topics[0].topic_id = topic_id();
    expect_golden(
        request, 13,
        with_topic_id("ffffffff 000001f4 00000001 7fffffff 01  00000000 ffffffff  02",
                      "02 00000000 ffffffff 0000000000000007 ffffffff ffffffffffffffff 00100000 00"
                      "00  01 01 00"));
    request.replica_state = {.replica_id = 2, .replica_epoch = 9};
    expect_golden(
        request, 15,
        with_topic_id("000001f4 00000001 7fffffff 01  00000000 ffffffff  02",
                      "02 00000000 ffffffff 0000000000000007 ffffffff ffffffffffffffff 00100000 00"
                      "00  01 01  01 01 0d 00000002 0000000000000009 00"));
}

FetchResponse fetch_response() {
    FetchResponse response;
    auto& topic = response.topics.emplace_back();
    topic.name = "t";
    auto& partition = topic.partitions.emplace_back();
    partition.high_watermark = 10;
    partition.last_stable_offset = 10;
    partition.aborted_transactions.reset();
    partition.records = Records(kRecords);
    return response;
}

TEST(GoldenFetch, ResponseBeforeFlexible) {
    FetchResponse response = fetch_response();
    expect_golden(response, 4,
                  "00000000  00000001 0001 't'"
                  "00000001 00000000 0000 000000000000000a 000000000000000a"
                  "ffffffff  00000003 010203");
    auto& partition = response.topics[0].partitions[0];
    partition.log_start_offset = 0;
    partition.aborted_transactions = {{.producer_id = 3, .first_offset = 8}};
    expect_golden(response, 11,
                  "00000000 0000 00000000  00000001 0001 't'"
                  "00000001 00000000 0000 000000000000000a 000000000000000a 0000000000000000"
                  "00000001 0000000000000003 0000000000000008"
                  "ffffffff  00000003 010203");
}

TEST(GoldenFetch, ResponseFlexible) {
    FetchResponse response = fetch_response();
    response.topics[0].partitions[0].log_start_offset = 0;
    response.topics[0].partitions[0].current_leader = {.leader_id = 2, .leader_epoch = 5};
    const std::string partition =
        "02 00000000 0000 000000000000000a 000000000000000a 0000000000000000"
        "00  ffffffff  04 010203"
        "01 01 09 00000002 00000005 00"  // current leader is tag 1; tags 0 and 2 hold defaults
        "00  00";
    expect_golden(response, 12, "00000000 0000 00000000  02 02 't'" + partition);
    response.topics[0].name.clear();
    response.topics[0].topic_id = topic_id();
    expect_golden(response, 13, with_topic_id("00000000 0000 00000000  02", partition));
}

TEST(GoldenFetch, ResponseSendsLargeRecordsFromWhereTheyLie) {
    const Bytes log(4096, std::byte{7});
    FetchResponse response = fetch_response();
    auto& records = response.topics[0].partitions[0].records.emplace();
    records.add(ByteView(log).first(1024));
    records.add(ByteView(log).subspan(1024));
    Writer writer;
    response.encode(writer, 12);
    const auto segments = writer.segments();
    ASSERT_EQ(segments.size(), 4u);
    EXPECT_EQ(segments[1].bytes.data(), log.data());
    EXPECT_EQ(segments[2].bytes.data(), log.data() + 1024);
    EXPECT_EQ(segments[2].size(), 3072u);
}

TEST(GoldenListOffsets, Request) {
    ListOffsetsRequest request;
    request.replica_id = -1;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions.emplace_back().timestamp = -1;
    expect_golden(request, 0,
                  "ffffffff  00000001 0001 't'  00000001 00000000 ffffffffffffffff 00000001");
    expect_golden(request, 1, "ffffffff  00000001 0001 't'  00000001 00000000 ffffffffffffffff");
    expect_golden(request, 7,
                  "ffffffff 00"
                  "02 02 't'  02 00000000 ffffffff ffffffffffffffff 00  00  00");
}

TEST(GoldenListOffsets, Response) {
    ListOffsetsResponse response;
    auto& topic = response.topics.emplace_back();
    topic.name = "t";
    auto& partition = topic.partitions.emplace_back();
    partition.old_style_offsets = {5, 0};
    expect_golden(response, 0,
                  "00000001 0001 't'"
                  "00000001 00000000 0000  00000002 0000000000000005 0000000000000000");
    partition.old_style_offsets.clear();
    partition.offset = 5;
    expect_golden(response, 1,
                  "00000001 0001 't'"
                  "00000001 00000000 0000 ffffffffffffffff 0000000000000005");
    partition.leader_epoch = 3;
    expect_golden(response, 7,
                  "00000000"
                  "02 02 't'"
                  "02 00000000 0000 ffffffffffffffff 0000000000000005 00000003 00  00  00");
}

TEST(GoldenFindCoordinator, Request) {
    FindCoordinatorRequest request;
    request.key = "g";
    expect_golden(request, 0, "0001 'g'");
    request.key.clear();
    request.coordinator_keys = {"g"};
    expect_golden(request, 4, "00  02 02 'g'  00");
}

TEST(GoldenFindCoordinator, Response) {
    FindCoordinatorResponse response;
    response.node_id = 1;
    response.host = "h";
    response.port = 9092;
    expect_golden(response, 0, "0000 00000001 0001 'h' 00002384");

    FindCoordinatorResponse batch;
    batch.coordinators = {{.key = "g",
                           .node_id = 1,
                           .host = "h",
                           .port = 9092,
                           .error_code = 0,
                           .error_message = std::nullopt}};
    expect_golden(batch, 4, "00000000  02 02 'g' 00000001 02 'h' 00002384 0000 00 00  00");
}

}  // namespace
}  // namespace millrace
