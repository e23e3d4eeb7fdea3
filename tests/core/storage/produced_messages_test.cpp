#include "core/storage/produced_messages.hpp"

#include "core/base/prng.hpp"
#include "core/storage/message_set_writer.hpp"
#include "core/storage/record_reader.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/hex.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

namespace millrace {
namespace {

constexpr std::array kCodecs = {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4};

/// Three messages: a null key, an empty and a null value among them.
Bytes three(const MessageFrame& frame, TimestampMs timestamp = 5'000) {
    Bytes set;
    MessageSetWriter writer(frame, set);
    writer.append(0, timestamp, as_bytes("key"), as_bytes("value"));
    writer.append(1, timestamp + 5, std::nullopt, as_bytes(""));
    writer.append(2, timestamp + 2, as_bytes(""), std::nullopt);
    writer.finish();
    return set;
}

std::string shown(const std::optional<ByteView>& field) {
    return field ? std::string(as_text(*field)) : "null";
}

class ProducedMessages : public testing::Test {
protected:
    Accepted accept(MutableBytes set) { return accept_messages(set, rules_, decompressor_); }
    Error refusal(Bytes set) { return accept(set).refusal.error; }

    /// Each record as "offset time key value headers".
    std::vector<std::string> records_of(ByteView batch) {
        const RecordBatchView view(batch);
        EXPECT_TRUE(view.crc_holds());
        RecordReader reader(decompressor_);
        std::vector<std::string> seen;
        EXPECT_TRUE(reader.read(view, [&](const RecordView& record) {
            seen.push_back(std::to_string(record.offset_delta) + " " +
                           std::to_string(view.base_timestamp() + record.timestamp_delta) + " " +
                           shown(record.key) + " " + shown(record.value) + " " +
                           std::to_string(record.headers.size()));
            return true;
        }));
        return seen;
    }

    TopicConfig topic_;
    ProduceRules rules_{.topic = topic_, .now = 100'000, .topic_name = "mill", .partition = 3};
    Decompressor decompressor_;
};

TEST_F(ProducedMessages, BecomeOneBatchInTheProducersCodec) {
    for (const Codec codec : kCodecs) {
        Bytes set = three({.magic = 1, .codec = codec});
        const Accepted accepted = accept(set);
        ASSERT_FALSE(accepted.refusal.error) << accepted.refusal.error.message();
        const RecordBatchView view(accepted.batch);
        EXPECT_EQ(view.codec(), codec);
        EXPECT_EQ(view.size_in_bytes(), accepted.batch.size());
        EXPECT_EQ(view.last_offset(), Offset{2});
        EXPECT_EQ(view.max_timestamp(), 5'005);
        EXPECT_EQ(view.producer_id(), -1);
        EXPECT_EQ(view.producer_epoch(), -1);
        EXPECT_EQ(view.base_sequence(), -1);
        EXPECT_EQ(
            records_of(accepted.batch),
            (std::vector<std::string>{"0 5000 key value 1", "1 5005 null  1", "2 5002  null 1"}));
    }
}

// What Kafka's own producers of 0.8.2 and 0.10.2 sent, recorded by interop/record_old_producers.py:
// "VERSION CODEC HEX" in a line. In 0.8.2 the header of an LZ4 frame has a checksum that is wrong.
TEST_F(ProducedMessages, OfRealProducers) {
    std::ifstream rows(MILLRACE_OLD_PRODUCERS);
    int seen = 0;
    for (std::string version, codec, hex; rows >> version >> codec >> hex; ++seen) {
        SCOPED_TRACE(version + " " + codec);
        Bytes set = from_hex(hex);
        const Accepted accepted = accept(set);
        ASSERT_FALSE(accepted.refusal.error) << accepted.refusal.error.message();
        const RecordBatchView view(accepted.batch);
        EXPECT_EQ(codec_name(view.codec()), codec);
        EXPECT_EQ(view.max_timestamp() == kNoTimestamp, version == "0.8.2");
        const auto records = records_of(accepted.batch);
        ASSERT_EQ(records.size(), 4u);
        for (std::size_t i = 0; i < records.size(); ++i) {
            const std::string number = std::to_string(i);
            EXPECT_EQ(records[i].rfind(number + " ", 0), 0u) << records[i];
            EXPECT_NE(records[i].find(" " + number + " " + number + " three words repeated, "),
                      std::string::npos)
                << records[i];
        }
    }
    EXPECT_EQ(seen, 8);
}

TEST_F(ProducedMessages, OfMagic0HaveNoTimestamp) {
    topic_.message_timestamp_before_max_ms = 0;
    for (const Codec codec : kCodecs) {
        Bytes set = three({.magic = 0, .codec = codec});
        const Accepted accepted = accept(set);
        ASSERT_FALSE(accepted.refusal.error) << accepted.refusal.error.message();
        const RecordBatchView view(accepted.batch);
        EXPECT_EQ(view.base_timestamp(), kNoTimestamp);
        EXPECT_EQ(view.max_timestamp(), kNoTimestamp);
        EXPECT_EQ(records_of(accepted.batch),
                  (std::vector<std::string>{"0 -1 key value 1", "1 -1 null  1", "2 -1  null 1"}));
    }
}

TEST_F(ProducedMessages, TheTopicsWishesAreTheirsToo) {
    topic_.message_timestamp_type = TimestampType::kLogAppendTime;
    topic_.compression_type = TopicCompression::kZstd;
    Bytes set = three({.magic = 1, .codec = Codec::kLz4});
    const Accepted accepted = accept(set);
    ASSERT_FALSE(accepted.refusal.error);
    const RecordBatchView view(accepted.batch);
    EXPECT_EQ(view.codec(), Codec::kZstd);
    EXPECT_TRUE(view.is_append_time());
    EXPECT_EQ(view.max_timestamp(), rules_.now);
    EXPECT_EQ(view.base_timestamp(), 5'000);
}

TEST_F(ProducedMessages, ChecksAreThoseOfBatches) {
    const Bytes good = three({.magic = 1, .codec = Codec::kGzip});
    topic_.message_timestamp_before_max_ms = 94'997;
    EXPECT_EQ(refusal(three({.magic = 1})), Errc::kInvalidTimestamp);
    EXPECT_EQ(refusal(good), Errc::kInvalidTimestamp);
    topic_.message_timestamp_before_max_ms = 95'000;
    EXPECT_EQ(refusal(good), Error{});
    topic_.cleanup_by_compaction = true;
    EXPECT_EQ(refusal(good), Errc::kInvalidRecord);
    topic_.cleanup_by_compaction = false;
    EXPECT_EQ(refusal(three({.magic = 1}, -7)), Errc::kInvalidTimestamp);
    topic_.message_timestamp_before_max_ms = TopicConfig::kUnlimited;
    EXPECT_EQ(refusal(three({.magic = 1}, -7)), Errc::kMalformed);
    // The producer's claim of the broker's clock, on a topic that sets it.
    const Bytes claimed = three({.magic = 1, .append_time = 5'000});
    EXPECT_EQ(refusal(claimed), Error{});
    topic_.message_timestamp_type = TimestampType::kLogAppendTime;
    EXPECT_EQ(refusal(claimed), Errc::kInvalidTimestamp);
}

TEST_F(ProducedMessages, SizeCountsBeforeAndAfter) {
    Bytes set;
    MessageSetWriter writer({.magic = 1, .codec = Codec::kGzip}, set);
    writer.append(0, 5'000, std::nullopt, Bytes(10'000));
    writer.finish();
    topic_.max_message_bytes = static_cast<std::int32_t>(set.size()) - 1;
    EXPECT_EQ(refusal(set), Errc::kBatchTooLarge);
    topic_.max_message_bytes = 10'000;
    EXPECT_EQ(refusal(set), Error{});
    topic_.compression_type = TopicCompression::kUncompressed;
    EXPECT_EQ(refusal(set), Errc::kBatchTooLarge);
    topic_.max_message_bytes = 10'100;
    EXPECT_EQ(refusal(set), Error{});
}

TEST_F(ProducedMessages, OneFormatAndOneWrapper) {
    const Bytes plain = three({.magic = 1});
    const Bytes wrapper = three({.magic = 1, .codec = Codec::kGzip});
    const auto both = [](Bytes first, ByteView second) {
        append_bytes(first, second);
        return first;
    };
    EXPECT_EQ(refusal(both(plain, plain)), Error{});
    EXPECT_EQ(refusal(both(wrapper, plain)), Errc::kInvalidRecord);
    EXPECT_EQ(refusal(both(plain, wrapper)), Errc::kInvalidRecord);
    EXPECT_EQ(refusal(both(plain, three({.magic = 0}))), Errc::kInvalidRecord);
    EXPECT_EQ(refusal(both(plain, make_batch())), Errc::kInvalidRecord);
    EXPECT_EQ(refusal(both(make_batch(), make_batch())), Errc::kInvalidRecord);
    Bytes batch = make_batch();
    EXPECT_EQ(accept(batch).batch.data(), batch.data()) << "old requests may bring new batches";
}

TEST_F(ProducedMessages, NothingIsNoErrorAndACutOffOneIsLeftOut) {
    EXPECT_EQ(refusal({}), Error{});
    EXPECT_TRUE(accept({}).batch.empty());
    Bytes set = three({.magic = 0});
    const std::size_t whole = set.size();
    append_bytes(set, ByteView(three({.magic = 0})).first(20));
    const Accepted accepted = accept(set);
    ASSERT_FALSE(accepted.refusal.error);
    EXPECT_EQ(RecordBatchView(accepted.batch).record_count(), 3);
    EXPECT_TRUE(accept(MutableBytes(set).first(20)).batch.empty());
    store_be(&set[whole + 8], std::int32_t{13});
    EXPECT_EQ(refusal(set), Errc::kCorruptBatch);
}

TEST_F(ProducedMessages, EveryFlippedByteIsFound) {
    for (const Codec codec : kCodecs) {
        for (const std::int8_t magic : {0, 1}) {
            Bytes set;
            MessageSetWriter writer({.magic = magic, .codec = codec}, set);
            writer.append(0, 5'000, as_bytes("key"), as_bytes("value"));
            writer.finish();
            for (std::size_t at = 8; at < set.size(); ++at) {
                Bytes damaged = set;
                damaged[at] ^= std::byte{0x11};
                // A size that points behind the end leaves nothing.
                EXPECT_TRUE(accept(damaged).batch.empty()) << at;
            }
        }
    }
}

TEST_F(ProducedMessages, HostileBlocksUnderGoodChecksumsNeverCrash) {
    Prng prng(41);
    for (const Codec codec : {Codec::kGzip, Codec::kSnappy, Codec::kLz4}) {
        for (const std::int8_t magic : {0, 1}) {
            const Bytes good = three({.magic = magic, .codec = codec});
            const auto message = parse_message(0, ByteView(good).subspan(12));
            for (int round = 0; round < 400; ++round) {
                Bytes value(message->value->begin(), message->value->end());
                value[prng.below(value.size())] = static_cast<std::byte>(prng.below(256));
                value[prng.below(value.size())] = static_cast<std::byte>(prng.below(256));
                Bytes set;
                MessageSetWriter writer({.magic = magic}, set);
                writer.append(2, 5'000, std::nullopt, value);
                writer.finish();
                set[17] = static_cast<std::byte>(codec);
                store_be(&set[12], message_crc(ByteView(set).subspan(16)));
                const Error error = refusal(set);
                EXPECT_TRUE(!error || error == Errc::kInvalidRecord ||
                            error == Errc::kCorruptBatch || error == Errc::kMalformed)
                    << error.message();
            }
        }
    }
}

TEST_F(ProducedMessages, ABombIsTooLarge) {
    Bytes set;
    MessageSetWriter writer({.magic = 1, .codec = Codec::kGzip}, set);
    const Bytes zeros(30 << 20);
    for (int i = 0; i < 9; ++i) writer.append(i, 5'000, std::nullopt, zeros);
    writer.finish();
    topic_.max_message_bytes = 1 << 30;
    EXPECT_EQ(refusal(set), Errc::kBatchTooLarge);
}

}  // namespace
}  // namespace millrace
