#include "core/storage/record_batch.hpp"

#include "core/base/prng.hpp"
#include "core/base/varint.hpp"
#include "core/storage/record_builder.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace millrace {
namespace {

constexpr TimestampMs kNow = 1'700'000'000'000;

void seal(Bytes& batch) {
    store_be(batch.data() + batch_field::kLength,
             static_cast<std::int32_t>(batch.size() - kBatchOverheadBytes));
    store_be(batch.data() + batch_field::kCrc, compute_crc(RecordBatchView(batch)));
}

Bytes three_records(const BatchOptions& options = {}) {
    return make_batch({"one", "two", "three"}, options, kNow);
}

Error refusal(ByteView records, const ProduceRules& rules = {}) {
    const auto batch = parse_produced(records);
    if (!batch) return batch.error();
    const auto checked = validate_produced(*batch, rules);
    return checked ? Error{} : checked.error();
}

/// The refusal of three good records after `change`, with length and checksum put right again.
Error refusal_after(const std::function<void(Bytes&)>& change, const ProduceRules& rules = {}) {
    Bytes batch = three_records();
    change(batch);
    seal(batch);
    return refusal(batch, rules);
}

template <class T>
std::function<void(Bytes&)> put(std::size_t position, T value) {
    return [=](Bytes& batch) { store_be(batch.data() + position, value); };
}

TEST(RecordBatch, MatchesAHandMadeBatch) {
    // One record "k" -> "v" at time 1000, worked out field by field from the format's description.
    const Bytes expected = [] {
        Bytes bytes;
        const auto be = [&](auto value) {
            bytes.resize(bytes.size() + sizeof value);
            store_be(bytes.data() + bytes.size() - sizeof value, value);
        };
        be(std::int64_t{5});
        be(std::int32_t{49 + 9});
        be(std::int32_t{3});
        be(std::int8_t{2});
        be(std::uint32_t{0});
        be(std::int16_t{0});
        be(std::int32_t{0});
        be(std::int64_t{1000});
        be(std::int64_t{1000});
        be(std::int64_t{-1});
        be(std::int16_t{-1});
        be(std::int32_t{-1});
        be(std::int32_t{1});
        for (const int byte : std::initializer_list<int>{16, 0, 0, 0, 2, 'k', 2, 'v', 0})
            bytes.push_back(static_cast<std::byte>(byte));
        store_be(bytes.data() + batch_field::kCrc, compute_crc(RecordBatchView(bytes)));
        return bytes;
    }();
    RecordBatchBuilder builder({.base_offset = Offset{5}, .leader_epoch = LeaderEpoch{3}});
    builder.add("k", "v", 1000);
    EXPECT_EQ(*builder.build(), expected);
}

TEST(RecordBatch, ReadsEveryHeaderField) {
    const BatchOptions options{.base_offset = Offset{70},
                               .leader_epoch = LeaderEpoch{4},
                               .codec = Codec::kZstd,
                               .timestamp_type = TimestampType::kLogAppendTime,
                               .transactional = true,
                               .control = true,
                               .producer_id = 900,
                               .producer_epoch = 7,
                               .base_sequence = 12};
    const Bytes bytes = three_records(options);
    const auto batch = parse_batch(bytes);
    ASSERT_TRUE(batch.has_value());
    EXPECT_EQ(batch->base_offset(), Offset{70});
    EXPECT_EQ(batch->last_offset(), Offset{72});
    EXPECT_EQ(batch->next_offset(), Offset{73});
    EXPECT_EQ(batch->batch_length(), static_cast<std::int32_t>(bytes.size() - 12));
    EXPECT_EQ(batch->partition_leader_epoch(), LeaderEpoch{4});
    EXPECT_EQ(batch->magic(), 2);
    EXPECT_EQ(batch->codec(), Codec::kZstd);
    EXPECT_EQ(batch->timestamp_type(), TimestampType::kLogAppendTime);
    EXPECT_TRUE(batch->is_transactional());
    EXPECT_TRUE(batch->is_control());
    EXPECT_FALSE(batch->has_delete_horizon());
    EXPECT_EQ(batch->base_timestamp(), kNow);
    EXPECT_EQ(batch->max_timestamp(), kNow);
    EXPECT_EQ(batch->producer_id(), 900);
    EXPECT_EQ(batch->producer_epoch(), 7);
    EXPECT_EQ(batch->base_sequence(), 12);
    EXPECT_EQ(batch->last_sequence(), 14);
    EXPECT_EQ(batch->record_count(), 3);
    EXPECT_TRUE(check_crc(*batch));
}

TEST(RecordBatch, SequenceWrapsToZero) {
    BatchOptions options;
    options.base_sequence = std::numeric_limits<std::int32_t>::max() - 1;
    const Bytes bytes = three_records(options);
    EXPECT_EQ(RecordBatchView(bytes).last_sequence(), 0);
}

TEST(RecordBatch, OffsetAndEpochAreOutsideTheChecksum) {
    Bytes bytes = three_records();
    const std::uint32_t before = RecordBatchView(bytes).crc();
    assign_offset_and_epoch(bytes, Offset{1'000'000'000'000}, LeaderEpoch{9});
    const RecordBatchView batch(bytes);
    EXPECT_EQ(batch.base_offset(), Offset{1'000'000'000'000});
    EXPECT_EQ(batch.partition_leader_epoch(), LeaderEpoch{9});
    EXPECT_EQ(batch.crc(), before);
    EXPECT_TRUE(check_crc(batch));
}

TEST(RecordBatch, AppendTimeRenewsTheChecksum) {
    Bytes bytes = three_records();
    set_max_timestamp(bytes, TimestampType::kLogAppendTime, kNow + 5);
    const RecordBatchView batch(bytes);
    EXPECT_TRUE(check_crc(batch));
    EXPECT_EQ(batch.timestamp_type(), TimestampType::kLogAppendTime);
    EXPECT_EQ(record_timestamp(batch, {}), kNow + 5);
    set_max_timestamp(bytes, TimestampType::kCreateTime, kNow);
    EXPECT_EQ(bytes, three_records());
}

TEST(RecordBatch, ParseSeparatesCutOffFromCorrupt) {
    const Bytes bytes = three_records();
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_EQ(parse_batch(ByteView(bytes).first(size)).error(), Errc::kEndOfStream) << size;

    Bytes changed = bytes;
    store_be(changed.data() + batch_field::kLength, std::int32_t{13});
    EXPECT_EQ(parse_batch(changed).error(), Errc::kCorruptBatch);
    store_be(changed.data() + batch_field::kLength, std::int32_t{-1});
    EXPECT_EQ(parse_batch(changed).error(), Errc::kCorruptBatch);
    store_be(changed.data() + batch_field::kLength, std::int32_t{48});
    EXPECT_EQ(parse_batch(changed).error(), Errc::kCorruptBatch);
    changed = bytes;
    changed[batch_field::kMagic] = std::byte{3};
    EXPECT_EQ(parse_batch(changed).error(), Errc::kCorruptBatch);
    changed[batch_field::kMagic] = std::byte{1};
    EXPECT_EQ(parse_batch(changed).error(), Errc::kUnsupportedVersion);
}

TEST(RecordBatch, RecordsRoundTripWithHeadersAndNulls) {
    RecordBatchBuilder builder;
    NewRecord record;
    record.value = as_bytes("v");
    record.timestamp = kNow;
    record.headers = {{"trace", as_bytes("abc")}, {"", std::nullopt}};
    builder.add(record);
    builder.add("key", std::nullopt, kNow - 10);
    const Bytes bytes = *builder.build();
    const RecordBatchView batch(bytes);
    EXPECT_EQ(batch.max_timestamp(), kNow);

    std::size_t position = 0;
    const auto first = read_record(batch.records(), position);
    ASSERT_TRUE(first.has_value());
    EXPECT_FALSE(first->key);
    EXPECT_EQ(as_text(*first->value), "v");
    std::size_t header_at = 0;
    const auto trace = read_record_header(first->headers, header_at);
    EXPECT_EQ(trace->key, "trace");
    EXPECT_EQ(as_text(*trace->value), "abc");
    const auto unnamed = read_record_header(first->headers, header_at);
    EXPECT_EQ(unnamed->key, "");
    EXPECT_FALSE(unnamed->value);

    const auto second = read_record(batch.records(), position);
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(as_text(*second->key), "key");
    EXPECT_FALSE(second->value);
    EXPECT_EQ(second->offset_delta, 1);
    EXPECT_EQ(record_timestamp(batch, *second), kNow - 10);
    EXPECT_EQ(position, batch.records().size());
}

TEST(ProducedBatch, GoodOnesPass) {
    EXPECT_EQ(refusal(three_records()), Error{});
    for (const Codec codec : {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
        BatchOptions options;
        options.codec = codec;
        EXPECT_EQ(refusal(three_records(options)), Error{});
    }
    EXPECT_EQ(refusal(make_batch({"no timestamp"})), Error{});
}

TEST(ProducedBatch, MustBeExactlyOne) {
    const Bytes one = three_records();
    EXPECT_EQ(refusal({}), Errc::kInvalidRecord);
    EXPECT_EQ(refusal(ByteView(one).first(one.size() - 1)), Errc::kInvalidRecord);
    Bytes two = one;
    append_bytes(two, one);
    EXPECT_EQ(refusal(two), Errc::kInvalidRecord);
}

TEST(ProducedBatch, LeavesOutACutOffBatchBehindTheFirst) {
    const Bytes one = three_records();
    Bytes more = one;
    append_bytes(more, ByteView(one).first(30));
    const auto batch = parse_produced(more);
    ASSERT_TRUE(batch.has_value());
    EXPECT_EQ(batch->size_in_bytes(), one.size());
    Bytes broken = one;
    append_bytes(broken, Bytes(20, std::byte{0}));
    EXPECT_EQ(refusal(broken), Errc::kCorruptBatch);
}

TEST(ProducedBatch, RefusesOlderFormats) {
    Bytes batch = three_records();
    batch[batch_field::kMagic] = std::byte{1};
    EXPECT_EQ(refusal(batch), Errc::kInvalidRecord);
}

TEST(ProducedBatch, RefusesCrcMismatch) {
    Bytes batch = three_records();
    batch.back() ^= std::byte{1};
    EXPECT_EQ(refusal(batch), Errc::kCorruptBatch);
}

TEST(ProducedBatch, SizeCountsTheWholeBatch) {
    const Bytes batch = three_records();
    ProduceRules rules;
    rules.max_message_bytes = static_cast<std::int64_t>(batch.size());
    EXPECT_EQ(refusal(batch, rules), Error{});
    --rules.max_message_bytes;
    EXPECT_EQ(refusal(batch, rules), Errc::kBatchTooLarge);
}

TEST(ProducedBatch, RefusesHeadersThatKafkaRefuses) {
    using namespace batch_field;
    EXPECT_EQ(refusal_after(put(kBaseOffset, std::int64_t{1})), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_after(put(kRecordCount, std::int32_t{2})), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_after(put(kRecordCount, std::int32_t{0})), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_after(put(kRecordCount, std::int32_t{-3})), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_after(put(kLastOffsetDelta, std::int32_t{-1})), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_after(put(kLastOffsetDelta, std::numeric_limits<std::int32_t>::max())),
              Errc::kInvalidRecord);
    EXPECT_EQ(refusal_after(put(kAttributes, batch_attribute::kControl)), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_after(put(kProducerId, std::int64_t{4})), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_after(put(kAttributes, std::int16_t{5})), Errc::kUnsupportedCodec);
    EXPECT_EQ(refusal_after(put(kAttributes, std::int16_t{7})), Errc::kUnsupportedCodec);
}

TEST(ProducedBatch, RefusesZstdFromOldClients) {
    BatchOptions options;
    options.codec = Codec::kZstd;
    ProduceRules rules;
    rules.zstd_allowed = false;
    EXPECT_EQ(refusal(three_records(options), rules), Errc::kUnsupportedCodec);
}

TEST(ProducedBatch, RefusesMissingAndExtraRecords) {
    EXPECT_EQ(refusal_after([](Bytes& batch) { batch.push_back(std::byte{0}); }),
              Errc::kInvalidRecord);
    EXPECT_EQ(refusal_after([](Bytes& batch) { batch.pop_back(); }), Errc::kInvalidRecord);
    EXPECT_EQ(refusal_after([](Bytes& batch) {
                  // A claim far over what the bytes could hold.
                  store_be(batch.data() + batch_field::kRecordCount, std::int32_t{0x7fffffff});
                  store_be(batch.data() + batch_field::kLastOffsetDelta, std::int32_t{0x7ffffffe});
              }),
              Errc::kInvalidRecord);
}

TEST(ProducedBatch, RefusesOffsetDeltasWithHoles) {
    // Length, attributes and timestamp delta take the first three bytes of the first record.
    EXPECT_EQ(refusal_after([](Bytes& batch) { batch[kBatchHeaderBytes + 3] = std::byte{2}; }),
              Errc::kInvalidRecord);
}

TEST(ProducedBatch, CompactedTopicsNeedKeys) {
    ProduceRules rules;
    rules.compacted = true;
    EXPECT_EQ(refusal(three_records(), rules), Errc::kInvalidRecord);
    RecordBatchBuilder builder;
    builder.add("key", std::nullopt, kNow);
    EXPECT_EQ(refusal(*builder.build(), rules), Error{});
}

TEST(ProducedBatch, CompressedRecordsAreAskedForOnlyWhenRulesNeedThem) {
    BatchOptions options;
    options.codec = Codec::kLz4;
    const Bytes bytes = three_records(options);
    const RecordBatchView batch(bytes);
    ProduceRules rules;
    EXPECT_FALSE(validate_produced(batch, rules)->needs_records);
    rules.compacted = true;
    EXPECT_TRUE(validate_produced(batch, rules)->needs_records);
    const auto records = decompress(Codec::kLz4, batch.records(), 1000);
    EXPECT_EQ(check_records(*records, batch, rules).error(), Errc::kInvalidRecord);
    rules.compacted = false;
    EXPECT_EQ(check_records(*records, batch, rules)->max_timestamp, kNow);
}

TEST(ProducedBatch, TimestampLimitsAreInclusive) {
    const Bytes batch = three_records();
    ProduceRules rules;
    rules.now = kNow + 100;
    rules.timestamp_before_max_ms = 100;
    EXPECT_EQ(refusal(batch, rules), Error{});
    rules.timestamp_before_max_ms = 99;
    EXPECT_EQ(refusal(batch, rules), Errc::kInvalidTimestamp);
    rules = {};
    rules.now = kNow - 100;
    rules.timestamp_after_max_ms = 100;
    EXPECT_EQ(refusal(batch, rules), Error{});
    rules.timestamp_after_max_ms = 99;
    EXPECT_EQ(refusal(batch, rules), Errc::kInvalidTimestamp);
    rules.timestamp_type = TimestampType::kLogAppendTime;
    EXPECT_EQ(refusal(batch, rules), Error{});
}

TEST(ProducedBatch, ProducerMustNotClaimTheBrokersClock) {
    BatchOptions options;
    options.timestamp_type = TimestampType::kLogAppendTime;
    ProduceRules rules;
    rules.timestamp_type = TimestampType::kLogAppendTime;
    EXPECT_EQ(refusal(three_records(options), rules), Errc::kInvalidTimestamp);
    rules.timestamp_type = TimestampType::kCreateTime;
    EXPECT_EQ(refusal(three_records(options), rules), Error{});
}

TEST(ProducedBatch, ReportsTheLargestTimestampOfTheRecords) {
    RecordBatchBuilder builder;
    builder.add(std::nullopt, "a", 10);
    builder.add(std::nullopt, "b", 30);
    builder.add(std::nullopt, "c", 30);
    Bytes bytes = *builder.build();
    store_be(bytes.data() + batch_field::kMaxTimestamp, std::int64_t{99});
    seal(bytes);
    const RecordBatchView batch(bytes);
    EXPECT_EQ(validate_produced(batch, {})->max_timestamp, 30);
    EXPECT_EQ(check_records(batch.records(), batch, {})->offset_delta_of_max, 1);
}

TEST(ProducedBatch, SurvivesDamageEverywhere) {
    // Seeded damage with the checksum put right: every answer is a value, and what passes can be
    // read record by record.
    Prng prng(99);
    for (int round = 0; round < 20'000; ++round) {
        Bytes bytes = three_records();
        bytes[prng.below(bytes.size())] = static_cast<std::byte>(prng.below(256));
        bytes[prng.below(bytes.size())] = static_cast<std::byte>(prng.below(256));
        const auto batch = parse_produced(bytes);
        if (!batch) continue;
        Bytes whole(batch->bytes().begin(), batch->bytes().end());
        seal(whole);
        const RecordBatchView sealed(whole);
        if (!validate_produced(sealed, {}) || sealed.codec() != Codec::kNone) continue;
        std::size_t position = 0;
        for (int index = 0; index < sealed.record_count(); ++index)
            ASSERT_TRUE(read_record(sealed.records(), position).has_value()) << "round " << round;
    }
}

}  // namespace
}  // namespace millrace
