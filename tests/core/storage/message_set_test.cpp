#include "core/storage/message_set.hpp"

#include "core/base/prng.hpp"
#include "core/storage/message_set_writer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace millrace {
namespace {

constexpr std::array kCodecs = {Codec::kGzip, Codec::kSnappy, Codec::kLz4};

/// A message that owns what it has.
struct Told {
    std::int64_t offset{};
    TimestampMs timestamp{};
    std::optional<std::string> key;
    std::optional<std::string> value;

    bool operator==(const Told&) const = default;
};

std::optional<std::string> told(const std::optional<ByteView>& field) {
    if (!field) return std::nullopt;
    return std::string(as_text(*field));
}

Told told(const OldMessage& message) {
    return {message.offset, message.timestamp, told(message.key), told(message.value)};
}

std::optional<ByteView> bytes_of(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    return as_bytes(*text);
}

const std::vector<Told> kThree = {
    {70, 1000, "k", "one"}, {71, 1005, std::nullopt, ""}, {73, 1002, "", std::nullopt}};

Bytes written(const MessageFrame& frame, const std::vector<Told>& messages = kThree) {
    Bytes out;
    MessageSetWriter writer(frame, out);
    for (const Told& each : messages) {
        writer.append(each.offset, each.timestamp, bytes_of(each.key), bytes_of(each.value));
    }
    writer.finish();
    return out;
}

Result<OldMessage> only_message(ByteView set) {
    const std::size_t size = RecordBatchView(set).size_in_bytes();
    EXPECT_EQ(size, set.size());
    return parse_message(load_be<std::int64_t>(set.data()), set.subspan(kBatchOverheadBytes));
}

TEST(MessageSet, PlainMessagesStandSideBySide) {
    for (const std::int8_t magic : {0, 1}) {
        const Bytes set = written({.magic = magic});
        std::vector<Told> seen;
        for (std::size_t at = 0; at < set.size();) {
            const ByteView rest = ByteView(set).subspan(at);
            const std::size_t size = RecordBatchView(rest).size_in_bytes();
            const auto message = only_message(rest.first(size));
            ASSERT_TRUE(message);
            seen.push_back(told(*message));
            at += size;
        }
        std::vector<Told> expected = kThree;
        if (magic == 0) {
            for (Told& each : expected) each.timestamp = kNoTimestamp;
        }
        EXPECT_EQ(seen, expected);
    }
}

TEST(MessageSet, AWrapperHasTheLastOffsetAndTheLargestTime) {
    Decompressor decompressor;
    WrapperReader reader(decompressor);
    for (const Codec codec : kCodecs) {
        for (const std::int8_t magic : {0, 1}) {
            const Bytes set = written({.magic = magic, .codec = codec});
            const auto wrapper = only_message(set);
            ASSERT_TRUE(wrapper);
            EXPECT_EQ(wrapper->offset, 73);
            EXPECT_EQ(wrapper->timestamp, magic == 0 ? kNoTimestamp : 1005);
            EXPECT_FALSE(wrapper->key);
            std::vector<Told> seen;
            ASSERT_TRUE(reader.read(
                *wrapper, [&seen](const OldMessage& inner) { seen.push_back(told(inner)); }));
            std::vector<Told> expected = kThree;
            for (Told& each : expected) {
                if (magic == 0) each.timestamp = kNoTimestamp;
                if (magic == 1) each.offset -= 70;
            }
            EXPECT_EQ(seen, expected) << codec_name(codec) << int{magic};
        }
    }
}

TEST(MessageSet, TheTimeOfAppendingIsThatOfAll) {
    Decompressor decompressor;
    WrapperReader reader(decompressor);
    const Bytes set = written({.codec = Codec::kGzip, .append_time = 9000});
    const auto wrapper = only_message(set);
    ASSERT_TRUE(wrapper);
    EXPECT_TRUE(wrapper->is_append_time());
    EXPECT_EQ(wrapper->timestamp, 9000);
    ASSERT_TRUE(reader.read(*wrapper, [](const OldMessage& inner) {
        EXPECT_TRUE(inner.is_append_time());
        EXPECT_EQ(inner.timestamp, 9000);
    }));
}

TEST(MessageSet, EveryFlippedByteIsFoundByTheChecksum) {
    for (const std::int8_t magic : {0, 1}) {
        const Bytes set = written({.magic = magic}, {kThree[0]});
        for (std::size_t at = kBatchOverheadBytes; at < set.size(); ++at) {
            Bytes damaged = set;
            damaged[at] ^= std::byte{0x21};
            EXPECT_EQ(only_message(damaged).error(), Errc::kCorruptBatch) << at;
        }
        for (std::size_t size = kBatchOverheadBytes; size < set.size(); ++size) {
            const ByteView part = ByteView(set).first(size).subspan(kBatchOverheadBytes);
            EXPECT_EQ(parse_message(0, part).error(), Errc::kCorruptBatch) << size;
        }
    }
}

TEST(MessageSet, DamagedWrappersNeverCrash) {
    Prng prng(31);
    Decompressor decompressor;
    WrapperReader reader(decompressor);
    std::vector<Told> many;
    for (int i = 0; i < 300; ++i) many.push_back({i, 1000 + i, "key", std::string(20, 'v')});
    for (const Codec codec : kCodecs) {
        for (const std::int8_t magic : {0, 1}) {
            const Bytes good = written({.magic = magic, .codec = codec}, many);
            const auto wrapper = only_message(good);
            ASSERT_TRUE(wrapper);
            const auto block_at = static_cast<std::size_t>(wrapper->value->data() - good.data());
            for (std::size_t at = block_at; at < good.size(); ++at) {
                Bytes damaged = good;
                damaged[at] ^= static_cast<std::byte>(1 + prng.below(255));
                OldMessage broken = *wrapper;
                broken.value = ByteView(damaged).subspan(block_at);
                const auto read = reader.read(broken, [](const OldMessage&) {});
                EXPECT_TRUE(read || read.error() == Errc::kInvalidRecord ||
                            read.error() == Errc::kCorruptBatch || read.error() == Errc::kMalformed)
                    << read.error().message();
            }
            EXPECT_TRUE(reader.read(*wrapper, [](const OldMessage&) {}));
        }
    }
}

TEST(MessageSet, WrappersThatKafkaRefusesAreRefused) {
    Decompressor decompressor;
    WrapperReader reader(decompressor);
    const auto refusal = [&reader](const OldMessage& wrapper) {
        const auto read = reader.read(wrapper, [](const OldMessage&) {});
        return read ? Error{} : read.error();
    };
    const auto wrap = [](Codec codec, ByteView block) {
        OldMessage wrapper;
        wrapper.magic = 1;
        wrapper.attributes = static_cast<std::uint8_t>(codec);
        wrapper.value = block;
        return wrapper;
    };
    const Bytes plain = written({}, kThree);
    const Bytes block = compress(Codec::kGzip, plain);
    EXPECT_EQ(refusal(wrap(Codec::kGzip, block)), Error{}) << "an offset of 0 says nothing";
    OldMessage wrapper = wrap(Codec::kGzip, block);
    wrapper.offset = 72;
    EXPECT_EQ(refusal(wrapper), Errc::kInvalidRecord) << "below the last one in it";
    wrapper.offset = 73;
    EXPECT_EQ(refusal(wrapper), Error{});
    wrapper.value.reset();
    EXPECT_EQ(refusal(wrapper), Errc::kInvalidRecord);
    const Bytes nothing = compress(Codec::kGzip, {});
    EXPECT_EQ(refusal(wrap(Codec::kGzip, nothing)), Errc::kInvalidRecord);
    EXPECT_EQ(refusal(wrap(Codec::kGzip, ByteView(block).first(block.size() - 9))),
              Errc::kMalformed);
    EXPECT_EQ(refusal(wrap(Codec::kLz4, block)), Errc::kMalformed);
    const Bytes nested = compress(Codec::kGzip, written({.codec = Codec::kGzip}));
    EXPECT_EQ(refusal(wrap(Codec::kGzip, nested)), Errc::kInvalidRecord);
    const Bytes other = compress(Codec::kGzip, written({.magic = 0}));
    EXPECT_EQ(refusal(wrap(Codec::kGzip, other)), Errc::kInvalidRecord);
    const Bytes zstd = compress(Codec::kZstd, plain);
    EXPECT_EQ(refusal(wrap(Codec::kZstd, zstd)), Errc::kInvalidRecord);
    wrapper.attributes = 5;
    EXPECT_EQ(refusal(wrapper), Errc::kUnsupportedCodec);
    // A cut-off message at the end of the block is left out.
    const Bytes cut = compress(Codec::kGzip, ByteView(plain).first(plain.size() - 1));
    std::vector<std::int64_t> offsets;
    ASSERT_TRUE(reader.read(wrap(Codec::kGzip, cut), [&offsets](const OldMessage& inner) {
        offsets.push_back(inner.offset);
    }));
    EXPECT_EQ(offsets, (std::vector<std::int64_t>{70, 71}));
}

TEST(MessageSet, TheLz4HeaderOfMagic0PassesWithAnyChecksum) {
    Decompressor decompressor;
    const Bytes plain(200'000, std::byte{'x'});
    Bytes frame = compress(Codec::kLz4, plain);
    for (const std::byte checksum : {frame[6], std::byte{0x1a}, std::byte{0}}) {
        frame[6] = checksum;
        ASSERT_TRUE(decompressor.begin(Codec::kLz4, frame, Lz4Header::kUnchecked));
        std::size_t size = 0;
        for (;;) {
            const auto piece = decompressor.next();
            ASSERT_TRUE(piece);
            if (piece->empty()) break;
            size += piece->size();
        }
        EXPECT_EQ(size, plain.size());
    }
    ASSERT_TRUE(decompressor.begin(Codec::kLz4, frame));
    EXPECT_FALSE(decompressor.next());
    frame[5] = std::byte{0x30};
    EXPECT_FALSE(decompressor.begin(Codec::kLz4, frame, Lz4Header::kUnchecked));
}

}  // namespace
}  // namespace millrace
