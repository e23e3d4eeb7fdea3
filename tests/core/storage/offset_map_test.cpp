// What a cleaner knows of keys: their last offsets, within a bound of memory.
#include "core/storage/offset_map.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

namespace millrace {
namespace {

constexpr HashSecret kSecret{7, 11};
constexpr OffsetMap::Limits kRoomy{1 << 20, 0.9};

// Of the reference implementation: its key is the bytes 0 to 15, its inputs count from 0.
TEST(KeyHash, IsSipHashOf128Bits) {
    const HashSecret secret{0x0706050403020100, 0x0f0e0d0c0b0a0908};
    Bytes input;
    EXPECT_EQ(hash_key(secret, input), (KeyHash{0xe6a825ba047f81a3, 0x930255c71472f66d}));
    input.push_back(std::byte{0});
    EXPECT_EQ(hash_key(secret, input), (KeyHash{0x44af996bd8c187da, 0x45fc229b11597634}));
}

TEST(KeyHash, EveryByteAndTheSecretCount) {
    Bytes input(23);
    const KeyHash before = hash_key(kSecret, input);
    for (std::byte& each : input) {
        each = std::byte{1};
        EXPECT_NE(hash_key(kSecret, input), before);
        each = std::byte{0};
    }
    EXPECT_NE(hash_key({7, 12}, input), before);
    EXPECT_NE(hash_key(kSecret, ByteView(input).first(22)), before);
}

TEST(OffsetMap, KnowsTheLastOffsetOfEachKey) {
    OffsetMap map(kSecret, 1000, kRoomy);
    std::map<std::string, std::int64_t> model;
    for (std::int64_t offset = 0; offset < 3000; ++offset) {
        const std::string key = std::to_string(offset * 7919 % 997);
        map.put(as_bytes(key), Offset{offset});
        model[key] = offset;
    }
    EXPECT_EQ(map.size(), 997u);
    EXPECT_EQ(map.last(), Offset{2999});
    for (const auto& [key, offset] : model) EXPECT_EQ(map.find(as_bytes(key)), Offset{offset});
    EXPECT_EQ(map.find(as_bytes("not there")), Offset{-1});
}

TEST(OffsetMap, AnEmptyKeyIsAKey) {
    OffsetMap map(kSecret, 10, kRoomy);
    EXPECT_EQ(map.find({}), Offset{-1});
    map.put({}, Offset{0});
    EXPECT_EQ(map.find({}), Offset{0});
}

TEST(OffsetMap, TakesNoMoreThanItMayUse) {
    OffsetMap map(kSecret, 1'000'000, {24 * 100, 0.9});
    EXPECT_EQ(map.keys_max(), 90u);
    EXPECT_LE(map.bytes(), 2400u);
    for (int i = 0; i < 90; ++i) {
        EXPECT_FALSE(map.is_full());
        map.put(as_bytes(std::to_string(i)), Offset{i});
    }
    EXPECT_TRUE(map.is_full());
    EXPECT_EQ(map.find(as_bytes("absent")), Offset{-1});
}

TEST(OffsetMap, IsNoLargerThanTheLogNeeds) {
    const OffsetMap map(kSecret, 10, {std::size_t{1} << 40, 0.9});
    EXPECT_EQ(map.keys_max(), 10u);
    EXPECT_LE(map.bytes(), 24u * 14);
}

TEST(OffsetMap, MakesProgressWhateverTheSettingsAre) {
    for (const double load : {0.0, -1.0, 0.9, 1.0, 7.0, std::nan("")}) {
        OffsetMap map(kSecret, 3, {0, load});
        EXPECT_FALSE(map.is_full());
        map.put(as_bytes("k"), Offset{5});
        EXPECT_EQ(map.find(as_bytes("k")), Offset{5});
        EXPECT_EQ(map.find(as_bytes("other")), Offset{-1});
    }
}

}  // namespace
}  // namespace millrace
