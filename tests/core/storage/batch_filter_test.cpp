// What a cleaner leaves of one batch.
#include "core/storage/batch_filter.hpp"

#include "tests/support/batches.hpp"
#include "tests/support/keyed_batches.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <map>
#include <string>

namespace millrace {
namespace {

constexpr std::array kCodecs = {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4,
                                Codec::kZstd};

class BatchFilterTest : public testing::TestWithParam<Codec> {
protected:
    static constexpr TimestampMs kNow = 1'000'000;
    static constexpr std::int64_t kRetention = 500;
    static constexpr Offset kBase{100};

    /// A batch at kBase.
    Bytes batch(const std::vector<KeyedRecord>& records, BatchFrame frame = {}) {
        frame.codec = GetParam();
        Bytes made = make_keyed_batch(records, frame);
        assign_offset_and_epoch(made, kBase, LeaderEpoch{4});
        return made;
    }

    /// The log is known up to `last`, and these keys were last seen there.
    void know(std::int64_t last, const std::map<std::string, std::int64_t>& keys) {
        for (const auto& [key, offset] : keys) map_.put(as_bytes(key), Offset{offset});
        map_.cover(Offset{last});
    }

    Bytes filter(ByteView batch, bool keeps_empty = false, TimestampMs now = kNow) {
        BatchFilter filter({map_, now, kRetention}, decompressor_);
        const auto stays = filter.filter(batch, keeps_empty);
        EXPECT_TRUE(stays);
        dropped_ += filter.records_dropped();
        return stays ? Bytes(stays->begin(), stays->end()) : Bytes();
    }

    OffsetMap map_{{1, 2}, 1000, {1 << 16, 0.9}};
    Decompressor decompressor_;
    std::uint64_t dropped_{};
};

TEST_P(BatchFilterTest, OfWhichEverythingStaysItIsCopied) {
    const Bytes whole = batch({{"a", "1"}, {"b", "2"}});
    know(200, {{"a", 100}, {"b", 101}});
    EXPECT_EQ(filter(whole), whole);
    EXPECT_EQ(dropped_, 0u);
}

TEST_P(BatchFilterTest, OfEachKeyTheNewestRecordStaysAtItsOffset) {
    BatchFrame frame;
    frame.producer_id = 9;
    frame.producer_epoch = 3;
    frame.base_sequence = 77;
    const Bytes whole =
        batch({{"a", "1", 5}, {"b", "2", 9}, {"a", "3", 7}, {"c", "4", 8}, {"b", "5", 6}}, frame);
    know(200, {{"a", 102}, {"b", 150}});
    const Bytes left = filter(whole);
    EXPECT_EQ(records_in(left),
              (std::vector<LoggedRecord>{{102, "a", "3", 7}, {103, "c", "4", 8}}));
    EXPECT_EQ(dropped_, 3u);
    const RecordBatchView view(left);
    EXPECT_EQ(view.base_offset(), kBase);
    EXPECT_EQ(view.last_offset(), Offset{104});
    EXPECT_EQ(view.leader_epoch(), LeaderEpoch{4});
    EXPECT_EQ(view.codec(), GetParam());
    EXPECT_EQ(view.producer_id(), 9);
    EXPECT_EQ(view.producer_epoch(), 3);
    EXPECT_EQ(view.base_sequence(), 77);
    EXPECT_EQ(view.base_timestamp(), 7);
    EXPECT_EQ(view.max_timestamp(), 8);
    EXPECT_EQ(view.record_count(), 2);
}

TEST_P(BatchFilterTest, WhatIsBeyondTheMapStays) {
    const Bytes whole = batch({{"a", "1"}, {"a", "2"}, {"a", "3"}, {std::nullopt, "4"}});
    know(101, {{"a", 101}});
    EXPECT_EQ(records_in(filter(whole)),
              (std::vector<LoggedRecord>{
                  {101, "a", "2", 1000}, {102, "a", "3", 1000}, {103, std::nullopt, "4", 1000}}));
}

TEST_P(BatchFilterTest, RecordsWithoutAKeyGo) {
    know(200, {});
    EXPECT_EQ(records_in(filter(batch({{std::nullopt, "1"}, {"b", "2"}, {std::nullopt, "3"}}))),
              (std::vector<LoggedRecord>{{101, "b", "2", 1000}}));
}

TEST_P(BatchFilterTest, ATombstoneIsToldItsTimeAndGoesBehindIt) {
    const Bytes whole = batch({{"a", std::nullopt, 10}, {"b", "2", 20}, {"c", "3", 15}});
    know(200, {{"c", 150}});
    const Bytes marked = filter(whole);
    const RecordBatchView view(marked);
    EXPECT_EQ(view.delete_horizon(), std::optional<TimestampMs>(kNow + kRetention));
    EXPECT_EQ(view.max_timestamp(), 20);
    const std::vector<LoggedRecord> both{{100, "a", std::nullopt, 10}, {101, "b", "2", 20}};
    EXPECT_EQ(records_in(marked), both);
    // Marked once, it is copied.
    EXPECT_EQ(filter(marked, false, kNow + kRetention - 1), marked);
    const Bytes after = filter(marked, false, kNow + kRetention);
    EXPECT_EQ(records_in(after), (std::vector<LoggedRecord>{{101, "b", "2", 20}}));
    EXPECT_EQ(RecordBatchView(after).delete_horizon(), view.delete_horizon());
}

TEST_P(BatchFilterTest, ATombstoneIsToldItsTimeThoughEverythingStays) {
    const Bytes whole = batch({{"a", std::nullopt}});
    know(200, {{"a", 100}});
    EXPECT_EQ(RecordBatchView(filter(whole)).delete_horizon(),
              std::optional<TimestampMs>(kNow + kRetention));
}

TEST_P(BatchFilterTest, AppendTimesStay) {
    BatchFrame frame;
    frame.append_time = 4242;
    const Bytes whole = batch({{"a", "1", 1}, {"b", std::nullopt, 2}}, frame);
    know(200, {{"a", 150}});
    const Bytes left = filter(whole);
    EXPECT_EQ(records_in(left), (std::vector<LoggedRecord>{{101, "b", std::nullopt, 4242}}));
    EXPECT_TRUE(RecordBatchView(left).is_append_time());
    EXPECT_EQ(RecordBatchView(left).max_timestamp(), 4242);
}

TEST_P(BatchFilterTest, NothingOrAHeaderIsLeftOfOneWhoseRecordsGo) {
    BatchFrame frame;
    frame.producer_id = 9;
    frame.producer_epoch = 3;
    frame.base_sequence = 77;
    const Bytes whole = batch({{"a", "1", 5}, {"a", "2", 9}}, frame);
    know(200, {{"a", 150}});
    EXPECT_TRUE(filter(whole).empty());
    const Bytes header = filter(whole, true);
    ASSERT_EQ(header.size(), kBatchHeaderBytes);
    const RecordBatchView view(header);
    EXPECT_TRUE(view.crc_holds());
    EXPECT_EQ(view.base_offset(), kBase);
    EXPECT_EQ(view.last_offset(), Offset{101});
    EXPECT_EQ(view.leader_epoch(), LeaderEpoch{4});
    EXPECT_EQ(view.attributes(), 0);
    EXPECT_EQ(view.base_timestamp(), kNoTimestamp);
    EXPECT_EQ(view.max_timestamp(), 9);
    EXPECT_EQ(view.producer_id(), 9);
    EXPECT_EQ(view.base_sequence(), 77);
    EXPECT_EQ(view.record_count(), 0);
    // And it is one more time.
    EXPECT_EQ(filter(header, true), header);
    EXPECT_TRUE(filter(header).empty());
}

TEST_P(BatchFilterTest, ATombstoneForEverHasNoTimeToGo) {
    const Bytes whole = batch({{"a", std::nullopt}});
    know(200, {{"a", 100}});
    constexpr auto kForEver = std::numeric_limits<std::int64_t>::max();
    BatchFilter filter({map_, kNow, kForEver}, decompressor_);
    const auto stays = filter.filter(whole, false);
    ASSERT_TRUE(stays);
    EXPECT_EQ(RecordBatchView(*stays).delete_horizon(), std::optional<TimestampMs>(kForEver));
    EXPECT_EQ(records_in(*stays), records_in(whole));
}

TEST_P(BatchFilterTest, WhatIsNoBatchIsAnError) {
    Bytes whole = batch({{"a", "1"}, {"b", "2"}});
    store_be(&whole[57], std::int32_t{3});
    seal(whole);
    know(200, {{"a", 150}});
    BatchFilter filter({map_, kNow, kRetention}, decompressor_);
    EXPECT_FALSE(filter.filter(whole, false));
}

INSTANTIATE_TEST_SUITE_P(Codecs, BatchFilterTest, testing::ValuesIn(kCodecs),
                         [](const auto& each) { return std::string(codec_name(each.param)); });

}  // namespace
}  // namespace millrace
