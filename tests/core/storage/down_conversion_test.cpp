#include "core/storage/down_conversion.hpp"

#include "core/base/prng.hpp"
#include "core/storage/batch_builder.hpp"
#include "core/storage/message_set.hpp"
#include "tests/support/batches.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace millrace {
namespace {

constexpr std::array kHeaders = {std::byte{2}, std::byte{2}, std::byte{'h'}, std::byte{1}};

/// Three records with headers from `base` on; a null key and a null value among them.
Bytes batch_at(std::int64_t base, const BatchFrame& frame = {}) {
    BatchBuilder builder(frame);
    builder.append(5'000, as_bytes("key"), as_bytes("one"), kHeaders);
    builder.append(5'005, std::nullopt, as_bytes("two"), kHeaders);
    builder.append(5'002, as_bytes(""), std::nullopt, kHeaders);
    Bytes batch = std::move(builder).finish();
    assign_offset_and_epoch(batch, Offset{base}, LeaderEpoch{3});
    return batch;
}

Parts parts_of(const std::vector<Bytes>& batches) {
    Parts parts;
    for (const Bytes& each : batches) parts.push_back(Part::in_memory(each, nullptr));
    return parts;
}

std::string shown(const std::optional<ByteView>& field) {
    return field ? std::string(as_text(*field)) : "null";
}

class DownConversion : public testing::Test {
protected:
    Result<Bytes> convert(const std::vector<Bytes>& batches, const OldFormat& format) {
        return convert_down(parts_of(batches), format, decompressor_);
    }

    /// What a consumer makes of a set: "offset time key value" each, from wrappers too.
    std::vector<std::string> messages_of(const Bytes& set, int* wrappers = nullptr) {
        std::vector<std::string> seen;
        for (std::size_t at = 0; at < set.size();) {
            const ByteView rest = ByteView(set).subspan(at);
            const std::size_t size = RecordBatchView(rest).size_in_bytes();
            at += size;
            const auto outer = parse_message(load_be<std::int64_t>(rest.data()),
                                             rest.first(size).subspan(kBatchOverheadBytes));
            EXPECT_TRUE(outer);
            if (!outer->is_wrapper()) {
                seen.push_back(line(*outer, outer->offset));
                continue;
            }
            if (wrappers != nullptr) ++*wrappers;
            std::vector<std::pair<std::string, std::int64_t>> inner;
            WrapperReader reader(decompressor_);
            std::int64_t last = 0;
            EXPECT_TRUE(
                reader.read(*outer, [&last](const OldMessage& each) { last = each.offset; }));
            const std::int64_t first = outer->magic == 0 ? 0 : outer->offset - last;
            EXPECT_TRUE(reader.read(*outer, [&](const OldMessage& each) {
                seen.push_back(line(each, first + each.offset));
            }));
        }
        return seen;
    }

    static std::string line(const OldMessage& message, std::int64_t offset) {
        return std::to_string(offset) + " " + std::to_string(message.timestamp) + " " +
               shown(message.key) + " " + shown(message.value);
    }

    Decompressor decompressor_;
};

constexpr std::array kCodecs = {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4};

TEST_F(DownConversion, OffsetsKeysValuesAndTimesStay) {
    for (const Codec codec : kCodecs) {
        const std::vector<Bytes> batches = {batch_at(40, {.codec = codec}),
                                            batch_at(50, {.codec = codec})};
        int wrappers = 0;
        const auto set = convert(batches, {1, Offset{40}, 10'000});
        ASSERT_TRUE(set);
        EXPECT_EQ(
            messages_of(*set, &wrappers),
            (std::vector<std::string>{"40 5000 key one", "41 5005 null two", "42 5002  null",
                                      "50 5000 key one", "51 5005 null two", "52 5002  null"}));
        EXPECT_EQ(wrappers, codec == Codec::kNone ? 0 : 2);
        const auto older = convert(batches, {0, Offset{40}, 10'000});
        ASSERT_TRUE(older);
        EXPECT_EQ(messages_of(*older)[4], "51 -1 null two");
    }
}

TEST_F(DownConversion, PlainRecordsBeforeTheAskedOffsetAreLeftOut) {
    const auto plain = convert({batch_at(40)}, {1, Offset{42}, 10'000});
    EXPECT_EQ(messages_of(*plain), std::vector<std::string>{"42 5002  null"});
    const auto packed = convert({batch_at(40, {.codec = Codec::kGzip})}, {1, Offset{42}, 10'000});
    EXPECT_EQ(messages_of(*packed).size(), 3u) << "a wrapper has all";
}

TEST_F(DownConversion, TheTimeOfAppendingIsThatOfAll) {
    for (const Codec codec : kCodecs) {
        const auto set = convert({batch_at(40, {.codec = codec, .append_time = 9'000})},
                                 {1, Offset{40}, 10'000});
        ASSERT_TRUE(set);
        EXPECT_EQ(messages_of(*set)[1], "41 9000 null two");
    }
}

TEST_F(DownConversion, OnlyTheFirstBatchPassesTheLimit) {
    const std::vector<Bytes> batches = {batch_at(40), batch_at(43), batch_at(46)};
    const std::size_t one = convert({batches[0]}, {1, Offset{40}, 1})->size();
    EXPECT_GT(one, 1u);
    EXPECT_EQ(convert(batches, {1, Offset{40}, 1})->size(), one);
    EXPECT_EQ(convert(batches, {1, Offset{40}, 2 * one - 1})->size(), one);
    EXPECT_EQ(convert(batches, {1, Offset{40}, 2 * one})->size(), 2 * one);
}

TEST_F(DownConversion, ControlBatchesAreLeftOutAndZstdEndsTheSet) {
    Bytes control = batch_at(40);
    store_be(&control[21], std::int16_t{0x30});
    seal(control);
    const Bytes zstd = batch_at(46, {.codec = Codec::kZstd});
    const auto set = convert({control, batch_at(43), zstd}, {1, Offset{40}, 10'000});
    ASSERT_TRUE(set);
    EXPECT_EQ(messages_of(*set).front(), "43 5000 key one");
    EXPECT_EQ(messages_of(*set).size(), 3u);
    EXPECT_EQ(convert({control, zstd}, {1, Offset{40}, 10'000}).error(), Errc::kUnsupportedCodec);
    EXPECT_TRUE(convert({control}, {1, Offset{40}, 10'000})->empty());
}

TEST_F(DownConversion, BatchesMayLieInSeveralParts) {
    const Bytes batch = batch_at(40, {.codec = Codec::kLz4});
    const auto whole = convert({batch}, {0, Offset{40}, 10'000});
    for (std::size_t cut = 1; cut < batch.size(); ++cut) {
        const Bytes front(batch.begin(), batch.begin() + static_cast<long>(cut));
        const Bytes back(batch.begin() + static_cast<long>(cut), batch.end());
        EXPECT_EQ(*convert({front, back}, {0, Offset{40}, 10'000}), *whole);
    }
}

TEST_F(DownConversion, DamagedBatchesNeverCrash) {
    Prng prng(51);
    for (const Codec codec : kCodecs) {
        const Bytes good = batch_at(40, {.codec = codec});
        for (std::size_t at = kBatchHeaderBytes; at < good.size(); ++at) {
            Bytes damaged = good;
            damaged[at] ^= static_cast<std::byte>(1 + prng.below(255));
            const auto set = convert({damaged}, {1, Offset{40}, 10'000});
            EXPECT_TRUE(set || set.error() == Errc::kCorruptBatch);
        }
    }
}

}  // namespace
}  // namespace millrace
