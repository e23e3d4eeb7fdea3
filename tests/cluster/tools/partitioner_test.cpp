#include "cluster/tools/partitioner.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace millrace {
namespace {

// What org.apache.kafka.common.utils.Utils.murmur2 of Kafka 3.9.2 gives.
constexpr std::pair<std::string_view, std::int32_t> kKnown[] = {
    {"", 275646681},
    {"a", -1563381124},
    {"ab", 316155434},
    {"abc", 479470107},
    {"abcd", -1323649548},
    {"\xff\x80\xc3", 1419509556},
    {"\xff\x80\xc3\xfe", -500720968},
    {"\xff\x80\xc3\xfe\x9a", -1079840366},
    {"21", -973932308},
    {"foobar", -790332482},
    {"a-little-bit-long-string", -985981536},
    {"a-little-bit-longer-string", -1486304829},
    {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
};

TEST(Partitioner, TheHashIsThatOfTheJavaClient) {
    for (const auto& [key, hash] : kKnown) EXPECT_EQ(java_murmur2(as_bytes(key)), hash) << key;
}

TEST(Partitioner, AKeyStaysWithItsPartition) {
    Partitioner partitioner(Partitioner::Rule::kByKey, 7);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(partitioner.partition_of(as_bytes("abc")), 479470107 % 7);
        EXPECT_EQ(partitioner.partition_of(as_bytes("21")), (-973932308 & 0x7fffffff) % 7);
    }
}

TEST(Partitioner, WithoutAKeyTheyTakeTurns) {
    Partitioner partitioner(Partitioner::Rule::kByKey, 2);
    EXPECT_EQ(partitioner.partition_of(std::nullopt), 0);
    EXPECT_EQ(partitioner.partition_of(std::nullopt), 1);
    EXPECT_EQ(partitioner.partition_of(std::nullopt), 0);
}

TEST(Partitioner, InTurnAKeyDoesNotCount) {
    Partitioner partitioner(Partitioner::Rule::kInTurn, 3);
    for (std::int32_t i = 0; i < 6; ++i) {
        EXPECT_EQ(partitioner.partition_of(as_bytes("abc")), i % 3);
    }
}

}  // namespace
}  // namespace millrace
