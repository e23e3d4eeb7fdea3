#include "core/storage/produced_batch.hpp"

#include "core/base/prng.hpp"
#include "tests/support/batches.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

namespace millrace {
namespace {

constexpr std::array kCodecs = {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};

class ProducedBatch : public testing::Test {
protected:
    Accepted accept(MutableBytes records) {
        const auto found = find_produced(records);
        if (!found) return {.refusal = {.error = found.error()}};
        return accept_produced(*found, rules_, decompressor_);
    }

    Error refusal(Bytes batch) { return accept(batch).refusal.error; }

    /// The refusal of three good records with `value` at `position` of the header.
    template <class T>
    Error refusal_with(std::size_t position, T value) {
        Bytes batch = make_batch({.records = 3});
        store_be(&batch[position], value);
        seal(batch);
        return refusal(std::move(batch));
    }

    TopicConfig topic_;
    ProduceRules rules_{.topic = topic_, .now = 100'000, .topic_name = "mill", .partition = 3};
    Decompressor decompressor_;
};

/// The batch with `block` in place of its records, compressed.
Bytes with_records(Bytes batch, Codec codec, ByteView block) {
    const Bytes compressed = compress(codec, block);
    batch.resize(kBatchHeaderBytes);
    append_bytes(batch, compressed);
    store_be(&batch[8], static_cast<std::int32_t>(batch.size() - kBatchOverheadBytes));
    store_be(&batch[21], static_cast<std::int16_t>(codec));
    seal(batch);
    return batch;
}

Bytes compressed_batch(Codec codec, const BatchRecipe& recipe) {
    const Bytes plain = make_batch(recipe);
    return with_records(plain, codec, RecordBatchView(plain).records());
}

/// The same batch without compression.
Bytes decompressed(ByteView batch) {
    const RecordBatchView view(batch);
    const auto block = decompress(view.codec(), view.records(), std::size_t{1} << 30);
    Bytes plain = with_records(Bytes(batch.begin(), batch.end()), Codec::kNone, *block);
    store_be(&plain[21], static_cast<std::int16_t>(view.attributes() & ~7));
    seal(plain);
    return plain;
}

TEST_F(ProducedBatch, GoodOnesAreTakenAsTheyAre) {
    Bytes batch = make_batch({.records = 3});
    const Bytes before = batch;
    const Accepted accepted = accept(batch);
    ASSERT_FALSE(accepted.refusal.error);
    EXPECT_EQ(accepted.batch.data(), batch.data());
    EXPECT_EQ(accepted.batch.size(), batch.size());
    EXPECT_EQ(batch, before);
    for (const Codec codec : kCodecs) {
        EXPECT_EQ(refusal(compressed_batch(codec, {.records = 3})), Error{});
    }
}

TEST_F(ProducedBatch, EveryFlippedBitBehindTheChecksumIsFound) {
    const Bytes batch = make_batch({.records = 2});
    for (std::size_t at = 21; at < batch.size(); ++at) {
        Bytes damaged = batch;
        damaged[at] ^= std::byte{1};
        EXPECT_EQ(refusal(damaged), Errc::kCorruptBatch) << "byte " << at;
    }
}

TEST_F(ProducedBatch, MustBeExactlyOneOfTheNewestFormat) {
    const Bytes one = make_batch();
    // A reader of Kafka's sees no batch at all in a cut-off one.
    for (std::size_t size = 0; size < one.size(); ++size) {
        EXPECT_EQ(refusal(Bytes(one.begin(), one.begin() + static_cast<long>(size))),
                  Errc::kInvalidRecord);
    }
    Bytes two = one;
    append_bytes(two, one);
    EXPECT_EQ(refusal(two), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_with(16, std::int8_t{1}), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_with(16, std::int8_t{3}), Errc::kCorruptBatch);
    EXPECT_EQ(refusal_with(8, std::int32_t{13}), Errc::kCorruptBatch);
}

TEST_F(ProducedBatch, ACutOffBatchBehindItIsLeftOut) {
    const Bytes one = make_batch();
    Bytes more = one;
    append_bytes(more, ByteView(one).first(30));
    const Accepted accepted = accept(more);
    ASSERT_FALSE(accepted.refusal.error);
    EXPECT_EQ(accepted.batch.size(), one.size());
    Bytes broken = one;
    append_bytes(broken, Bytes(20, std::byte{0}));
    EXPECT_EQ(refusal(broken), Errc::kCorruptBatch);
}

TEST_F(ProducedBatch, Trap45_SizeCountsTheWholeBatch) {
    const Bytes batch = make_batch();
    topic_.max_message_bytes = static_cast<std::int32_t>(batch.size());
    EXPECT_EQ(refusal(batch), Error{});
    --topic_.max_message_bytes;
    EXPECT_EQ(refusal(batch), Errc::kBatchTooLarge);
}

TEST_F(ProducedBatch, HeadersThatKafkaRefusesAreRefused) {
    constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
    EXPECT_EQ(refusal_with(0, std::int64_t{1}), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_with(57, std::int32_t{2}), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_with(57, std::int32_t{0}), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_with(57, std::int32_t{-3}), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_with(23, std::int32_t{-1}), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_with(23, kMost), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_with(21, std::int16_t{32}), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_with(43, std::int64_t{4}), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_with(21, std::int16_t{5}), Errc::kUnsupportedCodec);
    EXPECT_EQ(refusal_with(21, std::int16_t{7}), Errc::kUnsupportedCodec);
}

TEST_F(ProducedBatch, RecordsMustFillTheirBlockInOrder) {
    const Bytes batch = make_batch({.records = 3});
    const ByteView records = RecordBatchView(batch).records();
    Bytes longer(records.begin(), records.end());
    longer.push_back(std::byte{0});
    Bytes hole(records.begin(), records.end());
    // Length, attributes and time take three bytes of the first record, its offset comes then; the
    // last record's offset is the tenth byte of its ten from the end.
    hole[3] = std::byte{2};
    Bytes last_twice(records.begin(), records.end());
    last_twice[last_twice.size() - 5] = std::byte{2};
    for (const Codec codec :
         {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
        EXPECT_EQ(refusal(with_records(batch, codec, records)), Error{});
        EXPECT_EQ(refusal(with_records(batch, codec, longer)), Errc::kInvalidRecord);
        EXPECT_EQ(refusal(with_records(batch, codec, records.first(records.size() - 1))),
                  Errc::kInvalidRecord);
    }
    EXPECT_EQ(refusal(with_records(batch, Codec::kNone, hole)), Errc::kInvalidRecord);
    EXPECT_EQ(refusal(with_records(batch, Codec::kNone, last_twice)), Errc::kInvalidRecord);
    for (const Codec codec : kCodecs) {
        for (const Bytes& block : {hole, last_twice}) {
            Bytes sent = with_records(batch, codec, block);
            const Accepted accepted = accept(sent);
            ASSERT_FALSE(accepted.refusal.error);
            EXPECT_EQ(decompressed(accepted.batch), batch) << "offsets are given anew";
        }
    }
}

TEST_F(ProducedBatch, ACountFarOverWhatTheBytesHoldIsRefused) {
    Bytes batch = make_batch({.records = 3});
    store_be(&batch[57], std::int32_t{0x7fffffff});
    store_be(&batch[23], std::int32_t{0x7ffffffe});
    seal(batch);
    EXPECT_EQ(refusal(batch), Errc::kInvalidRecord);
}

TEST_F(ProducedBatch, BytesThatDoNotDecompressAreMalformed) {
    Prng prng(11);
    for (const Codec codec : kCodecs) {
        Bytes batch = make_batch({.records = 3});
        for (std::size_t at = kBatchHeaderBytes; at < batch.size(); ++at) {
            batch[at] = static_cast<std::byte>(prng.below(256));
        }
        store_be(&batch[21], static_cast<std::int16_t>(codec));
        seal(batch);
        EXPECT_EQ(refusal(batch), Errc::kMalformed) << codec_name(codec);
        topic_.compression_type = TopicCompression::kUncompressed;
        EXPECT_EQ(refusal(batch), Errc::kMalformed) << codec_name(codec) << ", written anew";
        topic_.compression_type = TopicCompression::kProducer;
        const Bytes whole = compressed_batch(codec, {.records = 50, .value_bytes = 20});
        Bytes cut(whole.begin(), whole.end() - 7);
        store_be(&cut[8], static_cast<std::int32_t>(cut.size() - kBatchOverheadBytes));
        seal(cut);
        EXPECT_EQ(refusal(cut), Errc::kMalformed) << codec_name(codec) << ", cut off";
    }
}

TEST_F(ProducedBatch, DamagedCompressedBlocksNeverCrash) {
    Prng prng(12);
    for (const Codec codec : kCodecs) {
        const Bytes good = compressed_batch(codec, {.records = 200, .value_bytes = 20});
        for (int round = 0; round < 300; ++round) {
            Bytes damaged = good;
            const std::size_t room = damaged.size() - kBatchHeaderBytes;
            for (int flip = 0; flip < 3; ++flip) {
                damaged[kBatchHeaderBytes + prng.below(room)] =
                    static_cast<std::byte>(prng.below(256));
            }
            seal(damaged);
            const Error error = refusal(damaged);
            EXPECT_TRUE(!error || error == Errc::kInvalidRecord || error == Errc::kMalformed)
                << error.message();
        }
        EXPECT_EQ(refusal(good), Error{}) << "the next block is not disturbed";
    }
}

TEST_F(ProducedBatch, ABombIsTooLarge) {
    // One record of 300 MiB of zeros, by its length; the block holds nothing but zeros behind it.
    const Bytes batch = make_batch();
    Bytes bomb{std::byte{0xfe}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}, std::byte{0x0f},
               std::byte{0},    std::byte{0},    std::byte{0},    std::byte{1}};
    append_bytes(bomb, Bytes{std::byte{0xec}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff},
                             std::byte{0x0f}});
    bomb.resize(300 << 20);
    EXPECT_EQ(refusal(with_records(batch, Codec::kZstd, bomb)), Errc::kBatchTooLarge);
}

TEST_F(ProducedBatch, Trap46_TheLargestTimestampIsThatOfTheRecords) {
    for (const Codec codec : {Codec::kNone, Codec::kZstd}) {
        const Bytes plain = make_batch({.records = 3, .base_timestamp = 50});
        Bytes batch = with_records(plain, codec, RecordBatchView(plain).records());
        const Bytes honest = batch;
        store_be(&batch[35], std::int64_t{9'999});
        seal(batch);
        ASSERT_FALSE(accept(batch).refusal.error);
        EXPECT_EQ(batch, honest);
    }
}

TEST_F(ProducedBatch, TheBrokersClockIsNotTheProducersToClaim) {
    Bytes batch = make_batch({.records = 3, .base_timestamp = 50, .attributes = 8});
    store_be(&batch[35], std::int64_t{70});
    seal(batch);
    ASSERT_FALSE(accept(batch).refusal.error);
    EXPECT_FALSE(RecordBatchView(batch).is_append_time());
    EXPECT_EQ(RecordBatchView(batch).max_timestamp(), 70);
    EXPECT_TRUE(RecordBatchView(batch).crc_holds());
    Bytes without = make_batch({.attributes = 8});
    store_be(&without[35], kNoTimestamp);
    seal(without);
    const Refusal refusal = accept(without).refusal;
    EXPECT_EQ(refusal.error, Errc::kInvalidTimestamp);
    ASSERT_EQ(refusal.records.size(), 1u);
    EXPECT_EQ(
        refusal.records[0].message,
        "Invalid timestamp type in message DefaultRecord(offset=0, timestamp=-1, key=0 bytes, "
        "value=1 bytes). Producer should not set timestamp type to LogAppendTime.");
}

TEST_F(ProducedBatch, AppendTimeIsTheBrokersClock) {
    topic_.message_timestamp_type = TimestampType::kLogAppendTime;
    topic_.message_timestamp_before_max_ms = 0;  // bounds are for the producers' times
    for (const Codec codec : {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4}) {
        const Bytes plain = make_batch({.records = 3, .base_timestamp = 50});
        Bytes batch = with_records(plain, codec, RecordBatchView(plain).records());
        const Bytes before = batch;
        ASSERT_FALSE(accept(batch).refusal.error);
        const RecordBatchView view(batch);
        EXPECT_TRUE(view.is_append_time());
        EXPECT_EQ(view.codec(), codec);
        EXPECT_EQ(view.max_timestamp(), rules_.now);
        EXPECT_EQ(view.base_timestamp(), 50);
        EXPECT_TRUE(view.crc_holds());
        EXPECT_TRUE(std::ranges::equal(view.records(), RecordBatchView(before).records()));
        Bytes again = batch;
        EXPECT_EQ(refusal(again), Errc::kInvalidTimestamp) << "the mark came from the producer";
    }
}

TEST_F(ProducedBatch, TimesOutOfTheTopicsBoundsAreNamedRecordByRecord) {
    topic_.message_timestamp_before_max_ms = 1'000;
    topic_.message_timestamp_after_max_ms = 2'000;
    EXPECT_EQ(refusal(make_batch({.records = 3'001, .base_timestamp = 99'000})), Error{});
    for (const Codec codec : {Codec::kNone, Codec::kZstd}) {
        const Bytes plain = make_batch({.records = 3'005, .base_timestamp = 98'998});
        Bytes batch = with_records(plain, codec, RecordBatchView(plain).records());
        const Refusal refusal = accept(batch).refusal;
        EXPECT_EQ(refusal.error, Errc::kInvalidTimestamp);
        EXPECT_EQ(refusal.message,
                  "One or more records have been rejected due to invalid timestamp");
        ASSERT_EQ(refusal.records.size(), 4u);
        EXPECT_EQ(refusal.records[0].index, 0);
        EXPECT_EQ(refusal.records[1].index, 1);
        EXPECT_EQ(refusal.records[2].index, 3'003);
        EXPECT_EQ(refusal.records[3].message,
                  "Timestamp 102002 of message with offset 3004 is out of range. The timestamp "
                  "should be within [99000, 102000]");
    }
}

TEST_F(ProducedBatch, NoTimestampIsWithinAllBounds) {
    topic_.message_timestamp_before_max_ms = 0;
    topic_.message_timestamp_after_max_ms = 0;
    EXPECT_EQ(refusal(make_batch({.base_timestamp = -1})), Error{});
    EXPECT_EQ(refusal(make_batch({.base_timestamp = 0})), Errc::kInvalidTimestamp);
}

TEST_F(ProducedBatch, ACompactedTopicWantsKeys) {
    topic_.cleanup_by_compaction = true;
    Bytes batch = make_batch({.records = 4});
    const Refusal refusal = accept(batch).refusal;
    EXPECT_EQ(refusal.error, Errc::kInvalidRecord);
    ASSERT_EQ(refusal.records.size(), 4u);
    const std::string words =
        "Compacted topic cannot accept message without key in topic partition mill-3";
    EXPECT_EQ(refusal.records[3].message, words);
    const auto one = [&words](int index) {
        return "RecordError(batchIndex=" + std::to_string(index) + ", message='" + words + "')";
    };
    EXPECT_EQ(refusal.message,
              "One or more records have been rejected due to 4 record errors in total, and only "
              "showing the first three errors at most: [" +
                  one(0) + ", " + one(1) + ", " + one(2) + "]");
}

TEST_F(ProducedBatch, TheTopicsCompressionIsWhatIsKept) {
    constexpr std::array kTypes = {TopicCompression::kUncompressed, TopicCompression::kGzip,
                                   TopicCompression::kSnappy, TopicCompression::kLz4,
                                   TopicCompression::kZstd};
    const Bytes plain =
        make_batch({.records = 9'000, .value_bytes = 20, .producer_id = 7, .base_sequence = 11});
    for (const TopicCompression type : kTypes) {
        topic_.compression_type = type;
        for (const Codec codec :
             {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
            Bytes sent = with_records(plain, codec, RecordBatchView(plain).records());
            const Accepted accepted = accept(sent);
            ASSERT_FALSE(accepted.refusal.error) << accepted.refusal.error.message();
            const RecordBatchView view(accepted.batch);
            EXPECT_EQ(view.codec_bits() + 1, static_cast<int>(type));
            EXPECT_TRUE(view.crc_holds());
            EXPECT_EQ(decompressed(accepted.batch), plain);
            EXPECT_EQ(accepted.rebuilt.empty(), view.codec() == codec);
        }
    }
}

TEST_F(ProducedBatch, Trap41_SizeIsCheckedAgainAfterItIsCompressedAnew) {
    const Bytes plain = make_batch({.records = 500, .value_bytes = 200});
    Bytes sent = with_records(plain, Codec::kZstd, RecordBatchView(plain).records());
    topic_.compression_type = TopicCompression::kUncompressed;
    topic_.max_message_bytes = static_cast<std::int32_t>(plain.size());
    EXPECT_EQ(refusal(sent), Error{});
    --topic_.max_message_bytes;
    EXPECT_EQ(refusal(sent), Errc::kBatchTooLarge);
    topic_.compression_type = TopicCompression::kGzip;
    EXPECT_EQ(refusal(sent), Error{});
    EXPECT_EQ(refusal(plain), Errc::kBatchTooLarge) << "before it is compressed, too";
}

TEST_F(ProducedBatch, ARebuiltBatchHasTheTopicsTimes) {
    topic_.compression_type = TopicCompression::kLz4;
    topic_.message_timestamp_type = TimestampType::kLogAppendTime;
    Bytes batch = make_batch({.records = 3, .base_timestamp = 50});
    const Accepted accepted = accept(batch);
    ASSERT_FALSE(accepted.refusal.error);
    const RecordBatchView view(accepted.batch);
    EXPECT_TRUE(view.is_append_time());
    EXPECT_EQ(view.max_timestamp(), rules_.now);
    EXPECT_EQ(view.base_timestamp(), 50);
    topic_.message_timestamp_type = TimestampType::kCreateTime;
    EXPECT_EQ(refusal(make_batch({.base_timestamp = -2})), Errc::kMalformed);
}

TEST_F(ProducedBatch, Lz4ThatJavaCannotReadIsRefused) {
    Bytes batch = compressed_batch(Codec::kLz4, {.records = 3});
    batch[kBatchHeaderBytes + 4] &= std::byte{0xdf};  // blocks that refer to each other
    seal(batch);
    EXPECT_EQ(refusal(batch), Errc::kMalformed);
}

}  // namespace
}  // namespace millrace
