#include "core/storage/produced_batch.hpp"

#include "core/base/prng.hpp"
#include "tests/support/batches.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace millrace {
namespace {

constexpr std::array kCodecs = {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};

class ProducedBatch : public testing::Test {
protected:
    Error refusal(Bytes batch) {
        const auto accepted = accept_produced(batch, rules_, decompressor_);
        return accepted ? Error{} : accepted.error();
    }

    /// The refusal of three good records with `value` at `position` of the header.
    template <class T>
    Error refusal_with(std::size_t position, T value) {
        Bytes batch = make_batch({.records = 3});
        store_be(&batch[position], value);
        seal(batch);
        return refusal(std::move(batch));
    }

    ProduceRules rules_;
    Decompressor decompressor_;
};

/// The batch with `block` in place of its records, compressed.
Bytes with_records(Bytes batch, Codec codec, ByteView block) {
    const auto compressed = compress(codec, block);
    batch.resize(kBatchHeaderBytes);
    append_bytes(batch, *compressed);
    store_be(&batch[8], static_cast<std::int32_t>(batch.size() - kBatchOverheadBytes));
    store_be(&batch[21], static_cast<std::int16_t>(codec));
    seal(batch);
    return batch;
}

Bytes compressed_batch(Codec codec, const BatchRecipe& recipe) {
    const Bytes plain = make_batch(recipe);
    return with_records(plain, codec, RecordBatchView(plain).records());
}

TEST_F(ProducedBatch, GoodOnesAreTakenAsTheyAre) {
    Bytes batch = make_batch({.records = 3});
    const Bytes before = batch;
    const auto accepted = accept_produced(batch, rules_, decompressor_);
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->size(), batch.size());
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
    const auto accepted = accept_produced(more, rules_, decompressor_);
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->size(), one.size());
    Bytes broken = one;
    append_bytes(broken, Bytes(20, std::byte{0}));
    EXPECT_EQ(refusal(broken), Errc::kCorruptBatch);
}

TEST_F(ProducedBatch, Trap45_SizeCountsTheWholeBatch) {
    const Bytes batch = make_batch();
    rules_.batch_bytes_max = static_cast<std::int32_t>(batch.size());
    EXPECT_EQ(refusal(batch), Error{});
    --rules_.batch_bytes_max;
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

TEST_F(ProducedBatch, ZstdFromOldClientsIsRefused) {
    rules_.zstd_allowed = false;
    EXPECT_EQ(refusal(compressed_batch(Codec::kZstd, {})), Errc::kUnsupportedCodec);
    EXPECT_EQ(refusal(compressed_batch(Codec::kLz4, {})), Error{});
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
        EXPECT_EQ(refusal(with_records(batch, codec, hole)), Errc::kInvalidRecord);
        EXPECT_EQ(refusal(with_records(batch, codec, last_twice)), Errc::kInvalidRecord);
    }
}

TEST_F(ProducedBatch, ACountFarOverWhatTheBytesHoldIsRefused) {
    Bytes batch = make_batch({.records = 3});
    store_be(&batch[57], std::int32_t{0x7fffffff});
    store_be(&batch[23], std::int32_t{0x7ffffffe});
    seal(batch);
    EXPECT_EQ(refusal(batch), Errc::kInvalidRecord);
}

TEST_F(ProducedBatch, BytesThatDoNotDecompressAreInvalid) {
    Prng prng(11);
    for (const Codec codec : kCodecs) {
        Bytes batch = make_batch({.records = 3});
        for (std::size_t at = kBatchHeaderBytes; at < batch.size(); ++at) {
            batch[at] = static_cast<std::byte>(prng.below(256));
        }
        store_be(&batch[21], static_cast<std::int16_t>(codec));
        seal(batch);
        EXPECT_EQ(refusal(batch), Errc::kInvalidRecord) << codec_name(codec);
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
            EXPECT_TRUE(!error || error == Errc::kInvalidRecord) << error.message();
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
        ASSERT_TRUE(accept_produced(batch, rules_, decompressor_));
        EXPECT_EQ(batch, honest);
    }
}

TEST_F(ProducedBatch, TheBrokersClockIsNotTheProducersToClaim) {
    Bytes batch = make_batch({.records = 3, .base_timestamp = 50, .attributes = 8});
    store_be(&batch[35], std::int64_t{70});
    seal(batch);
    ASSERT_TRUE(accept_produced(batch, rules_, decompressor_));
    EXPECT_FALSE(RecordBatchView(batch).is_append_time());
    EXPECT_EQ(RecordBatchView(batch).max_timestamp(), 70);
    EXPECT_TRUE(RecordBatchView(batch).crc_holds());
    Bytes without = make_batch({.attributes = 8});
    store_be(&without[35], kNoTimestamp);
    seal(without);
    EXPECT_EQ(refusal(without), Errc::kInvalidTimestamp);
}

TEST_F(ProducedBatch, Lz4ThatJavaCannotReadIsRefused) {
    Bytes batch = compressed_batch(Codec::kLz4, {.records = 3});
    batch[kBatchHeaderBytes + 4] &= std::byte{0xdf};  // blocks that refer to each other
    seal(batch);
    EXPECT_EQ(refusal(batch), Errc::kInvalidRecord);
}

}  // namespace
}  // namespace millrace
