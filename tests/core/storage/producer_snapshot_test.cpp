// Producers as a file in Kafka's format, byte for byte, there and back.
#include "core/storage/producer_snapshot.hpp"

#include "tests/support/batches.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

/// What Kafka's file of two producers says, the second of which only markers are known of.
struct Golden {
    static constexpr std::uint8_t kBytes[] = {
        0x00, 0x01,                                      // version
        0x00, 0x00, 0x00, 0x00,                          // the checksum goes here
        0x00, 0x00, 0x00, 0x02,                          // two entries
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xe8,  // producer 1000
        0x00, 0x02,                                      // epoch
        0x00, 0x00, 0x00, 0x09,                          // last sequence
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x6d,  // last offset
        0x00, 0x00, 0x00, 0x04,                          // offset delta
        0x00, 0x00, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00,  // timestamp
        0xff, 0xff, 0xff, 0xff,                          // coordinator's epoch
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,  // start of the transaction
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xe9,  // producer 1001
        0x00, 0x00,                                      // epoch
        0xff, 0xff, 0xff, 0xff,                          // no sequence
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,  // no offset
        0x00, 0x00, 0x00, 0x00,                          // offset delta
        0x00, 0x00, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x01,  // timestamp
        0x00, 0x00, 0x00, 0x03,                          // coordinator's epoch
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,  // start of the transaction
    };

    static Bytes bytes() {
        Bytes bytes(sizeof kBytes);
        std::memcpy(bytes.data(), kBytes, sizeof kBytes);
        store_be(&bytes[2], crc32c(ByteView(bytes).subspan(6)));
        return bytes;
    }

    static ProducerState state() {
        Producer writer;
        writer.begin_epoch(2);
        writer.last_timestamp = 1'700'000'000'000;
        writer.add({9, 4, Offset{109}, 1'700'000'000'000});
        Producer marked;
        marked.begin_epoch(0);
        marked.last_timestamp = 1'700'000'000'001;
        marked.coordinator_epoch = 3;
        ProducerState state;
        state.restore(1000, writer);
        state.restore(1001, marked);
        return state;
    }
};

TEST(ProducerSnapshotTest, IsKafkasFileByteForByte) {
    EXPECT_EQ(format_producers(Golden::state()), Golden::bytes());
    const auto parsed = parse_producers(Golden::bytes());
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->producers(), Golden::state().producers());
}

TEST(ProducerSnapshotTest, NobodyIsAFileToo) {
    const Bytes bytes = format_producers(ProducerState());
    EXPECT_EQ(bytes.size(), 10u);
    const auto parsed = parse_producers(bytes);
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->empty());
}

TEST(ProducerSnapshotTest, KeepsAllFiveBatchesAndTheNewestAsTheLastEntry) {
    Producer writer;
    writer.begin_epoch(0);
    writer.transaction_start = Offset{3};
    for (std::int32_t i = 0; i < 7; ++i) writer.add({i * 2 + 1, 1, Offset{i * 2 + 1}, 1000 + i});
    writer.last_timestamp = 1006;
    ProducerState state;
    state.restore(5, writer);
    const Bytes bytes = format_producers(state);
    EXPECT_EQ(bytes.size(), 10u + 5 * 46);
    EXPECT_EQ(load_be<std::int64_t>(&bytes[10 + 4 * 46 + 14]), 13);
    const auto parsed = parse_producers(bytes);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->producers(), state.producers());
}

TEST(ProducerSnapshotTest, AnyChangedByteAndAnyOtherSizeIsDamage) {
    const Bytes whole = Golden::bytes();
    for (std::size_t i = 0; i < whole.size(); ++i) {
        Bytes damaged = whole;
        damaged[i] ^= std::byte{1};
        EXPECT_FALSE(parse_producers(damaged)) << i;
        EXPECT_FALSE(parse_producers(ByteView(whole).first(i))) << i;
    }
    Bytes wrong_count = whole;
    wrong_count[9] = std::byte{3};
    store_be(&wrong_count[2], crc32c(ByteView(wrong_count).subspan(6)));
    EXPECT_FALSE(parse_producers(wrong_count));
}

}  // namespace
}  // namespace millrace
