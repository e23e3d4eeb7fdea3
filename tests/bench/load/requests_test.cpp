#include "bench/load/requests.hpp"

#include "cluster/tools/partitioner.hpp"
#include "core/storage/record_reader.hpp"
#include "protocol/header.hpp"
#include "protocol/message/produce.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace millrace::bench {
namespace {

constexpr TimestampMs kNow = 1'700'000'000'000;
constexpr std::int16_t kVersion = 9;

/// The keys of a batch, "" for a record without one.
std::vector<std::string> keys_of(const PreparedBatch& batch, std::size_t value_bytes) {
    std::vector<std::string> keys;
    Decompressor decompressor;
    RecordReader reader(decompressor);
    const auto read = reader.read(RecordBatchView(batch.bytes), [&](const RecordView& record) {
        EXPECT_EQ(record.value->size(), value_bytes);
        keys.emplace_back(record.key ? as_text(*record.key) : "");
        return true;
    });
    EXPECT_TRUE(read);
    return keys;
}

TEST(PreparedBatches, OneForEachPartitionWhoseChecksumHolds) {
    const Shape shape{.batch_records = 3, .record_bytes = 100};
    const auto batches = prepare_batches(shape, 4, kNow);
    ASSERT_EQ(batches.size(), 4U);
    for (std::size_t i = 0; i < batches.size(); ++i) {
        EXPECT_EQ(batches[i].partition, static_cast<std::int32_t>(i));
        const RecordBatchView view(batches[i].bytes);
        EXPECT_EQ(view.size_in_bytes(), batches[i].bytes.size());
        EXPECT_TRUE(view.crc_holds());
        EXPECT_EQ(view.max_timestamp(), kNow);
        EXPECT_EQ(view.producer_id(), -1);
        EXPECT_EQ(keys_of(batches[i], 100), (std::vector<std::string>{"", "", ""}));
    }
}

TEST(PreparedBatches, EachKeyIsWhereJavasProducerSendsIt) {
    const Shape shape{.batch_records = 4, .record_bytes = 10, .keys = 50};
    Partitioner partitioner(Partitioner::Rule::kByKey, 3);
    std::map<std::string, int> times;
    for (const PreparedBatch& batch : prepare_batches(shape, 3, kNow)) {
        for (const std::string& key : keys_of(batch, 10)) {
            EXPECT_EQ(partitioner.partition_of(as_bytes(key)), batch.partition);
            ++times[key];
        }
    }
    EXPECT_EQ(times.size(), 50U);
    for (const auto& [key, count] : times) EXPECT_LE(count, 2) << key;
}

TEST(PreparedBatches, APartitionThatNoKeyGoesToGetsNothing) {
    const Shape shape{.batch_records = 2, .record_bytes = 1, .keys = 1};
    const auto batches = prepare_batches(shape, 8, kNow);
    ASSERT_EQ(batches.size(), 1U);
    EXPECT_EQ(keys_of(batches[0], 1), (std::vector<std::string>{"key000000000", "key000000000"}));
}

TEST(PreparedBatches, TheirMemoryIsEstimatedFromAbove) {
    for (const std::size_t keys : {0, 1, 100, 1000}) {
        const Shape shape{.batch_records = 16, .record_bytes = 1024, .keys = keys};
        std::uint64_t bytes = 0;
        for (const auto& each : prepare_batches(shape, 5, kNow)) bytes += each.bytes.size();
        EXPECT_LE(bytes, memory_of_batches(shape, 5) + 5 * 100) << keys;
    }
}

/// The partitions that a prepared frame writes to.
std::vector<std::int32_t> partitions_of(const PreparedRequest& request) {
    const ByteView frame(request.frame);
    EXPECT_EQ(load_be<std::int32_t>(frame.data()), static_cast<std::int32_t>(frame.size() - 4));
    EXPECT_EQ(load_be<std::int32_t>(&frame[PreparedRequest::kCorrelationAt]), 0);
    Reader reader(frame.subspan(4));
    const auto header = decode_request_header(reader);
    EXPECT_TRUE(header);
    EXPECT_EQ(header->api_version, kVersion);
    const auto decoded = ProduceRequest::decode(reader, kVersion);
    EXPECT_TRUE(decoded);
    EXPECT_EQ(decoded->acks, 1);
    EXPECT_EQ(decoded->topics.front().name, "load");
    std::vector<std::int32_t> partitions;
    for (const auto& each : decoded->topics.front().partitions) {
        partitions.push_back(each.index);
        EXPECT_TRUE(RecordBatchView(*each.records).crc_holds());
    }
    EXPECT_EQ(request.batches, partitions.size());
    return partitions;
}

TEST(PreparedRequests, TakeTheBatchesInTheirOrder) {
    const Shape shape{.acks = 1, .record_bytes = 10, .request_batches = 2};
    const auto requests = prepare_requests(shape, kVersion, prepare_batches(shape, 5, kNow));
    ASSERT_EQ(requests.size(), 3U);
    EXPECT_EQ(partitions_of(requests[0]), (std::vector<std::int32_t>{0, 1}));
    EXPECT_EQ(partitions_of(requests[1]), (std::vector<std::int32_t>{2, 3}));
    EXPECT_EQ(partitions_of(requests[2]), (std::vector<std::int32_t>{4}));
}

TEST(PreparedRequests, NoneHasAPartitionTwice) {
    const Shape shape{
        .acks = 1, .batch_records = 1, .record_bytes = 1, .request_batches = 8, .keys = 40};
    for (const auto& request : prepare_requests(shape, kVersion, prepare_batches(shape, 3, kNow))) {
        const auto partitions = partitions_of(request);
        const std::set<std::int32_t> different(partitions.begin(), partitions.end());
        EXPECT_EQ(different.size(), partitions.size());
    }
}

}  // namespace
}  // namespace millrace::bench
