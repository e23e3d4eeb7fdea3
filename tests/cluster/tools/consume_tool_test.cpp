#include "tests/cluster/tools/tool_test.hpp"

#include <fmt/format.h>

#include <array>

namespace millrace {
namespace {

constexpr std::array kCodecs{Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};

class ConsumeTool : public ToolTest {
protected:
    /// What `--from` names gives of partition 0.
    static Task<> expect_from(Tools& tools, std::string_view from, std::string_view lines) {
        ConsumeOptions wish;
        wish.topics = {"t"};
        wish.partitions = {0};
        wish.from = parse_position(from).value();
        const Ran ran = co_await tools.run(wish);
        EXPECT_TRUE(ran.is_fine()) << ran.complained;
        EXPECT_EQ(ran.said, lines) << from;
    }
};

TEST_P(ConsumeTool, WhatWasProducedComesBackByteForByte) {
    with_tools([](Tools& tools) -> Task<> {
        std::string lines;
        for (int i = 0; i < 30'000; ++i) lines += fmt::format("line {} of {}\n", i, i * i);
        for (const Codec codec : kCodecs) {
            ProduceOptions there;
            there.topic = "t";
            there.topic += codec_name(codec);
            there.create = true;
            there.partition = 1;
            there.sending.codec = codec;
            const Ran sent = co_await tools.run(there, lines);
            EXPECT_TRUE(sent.is_fine()) << sent.complained;
            EXPECT_TRUE(sent.complained.starts_with("30,000 records,")) << sent.complained;
            ConsumeOptions back;
            back.topics = {there.topic};
            const Ran got = co_await tools.run(back);
            EXPECT_TRUE(got.said == lines) << codec_name(codec) << " " << got.complained;
            EXPECT_NE(got.complained.find("lag 0\n"), std::string::npos) << got.complained;
        }
    });
}

TEST_P(ConsumeTool, RecordsOfNothingComeInBatchesThatABrokerTakes) {
    with_tools([](Tools& tools) -> Task<> {
        const std::string lines(200'000, '\n');
        co_await tools.fill("t", lines);
        ConsumeOptions wish;
        wish.topics = {"t"};
        const Ran ran = co_await tools.run(wish);
        EXPECT_TRUE(ran.said == lines) << ran.complained;
    });
}

TEST_P(ConsumeTool, FromAnyPlace) {
    with_tools([](Tools& tools) -> Task<> {
        co_await tools.fill("t", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
        co_await expect_from(tools, "beginning", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
        co_await expect_from(tools, "7", "7\n8\n9\n");
        co_await expect_from(tools, "-2", "8\n9\n");
        co_await expect_from(tools, "-200", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
        co_await expect_from(tools, "end", "");
        co_await expect_from(tools, "200", "");
        co_await expect_from(tools, "2001-01-01", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
        co_await expect_from(tools, "9001-01-01", "");
    });
}

TEST_P(ConsumeTool, AsManyAsAreWanted) {
    with_tools([](Tools& tools) -> Task<> {
        co_await tools.fill("t", "0\n1\n2\n3\n");
        ConsumeOptions wish;
        wish.topics = {"t"};
        wish.count_max = 3;
        wish.follow = true;
        const Ran ran = co_await tools.run(wish);
        EXPECT_EQ(ran.said, "0\n1\n2\n");
        EXPECT_NE(ran.complained.find("; lag 1\n"), std::string::npos) << ran.complained;
    });
}

TEST_P(ConsumeTool, KeysAndNullsAndHeadersInJson) {
    with_tools([](Tools& tools) -> Task<> {
        ProduceOptions there;
        there.topic = "t";
        there.create = true;
        there.key_separator = "=";
        there.empty_is_null = true;
        there.partition = 0;
        there.json = true;
        const Ran sent = co_await tools.run(there, "k=v\nalone\ngone=\n");
        EXPECT_NE(sent.said.find(R"("records":3,)"), std::string::npos) << sent.said;
        EXPECT_NE(sent.said.find(R"("partitions":[{"partition":0,"records":3,"first_offset":0,)"
                                 R"("last_offset":2}]})"),
                  std::string::npos)
            << sent.said;
        ConsumeOptions back;
        back.topics = {"t"};
        back.format.key_separator = " -> ";
        const Ran text = co_await tools.run(back);
        EXPECT_EQ(text.said, "k -> v\n -> alone\ngone -> \n");
        back.format.json = true;
        const Ran json = co_await tools.run(back);
        EXPECT_TRUE(json.said.starts_with(R"({"topic":"t","partition":0,"offset":0,"timestamp":1)"))
            << json.said;
        EXPECT_NE(json.said.find(R"("key":"k","value":"v","headers":[]})"), std::string::npos);
        EXPECT_NE(json.said.find(R"("key":null,"value":"alone",)"), std::string::npos);
        EXPECT_NE(json.said.find(R"("key":"gone","value":null,)"), std::string::npos);
    });
}

TEST_P(ConsumeTool, AGroupGoesOnWhereItWas) {
    with_tools([](Tools& tools) -> Task<> {
        co_await tools.fill("t", "0\n1\n2\n");
        ConsumeOptions wish;
        wish.topics = {"t"};
        wish.group = "g";
        wish.count_max = 2;
        const Ran first = co_await tools.run(wish);
        EXPECT_EQ(first.said, "0\n1\n") << first.complained;
        wish.count_max = 0;
        const Ran second = co_await tools.run(wish);
        EXPECT_EQ(second.said, "2\n") << second.complained;
        const Ran third = co_await tools.run(wish);
        EXPECT_EQ(third.said, "") << third.complained;
        co_await tools.fill("t", "3\n");
        const Ran fourth = co_await tools.run(wish);
        EXPECT_EQ(fourth.said, "3\n") << fourth.complained;
    });
}

TEST_P(ConsumeTool, AGroupThatBeganAtTheEndMissesNothingFromThenOn) {
    with_tools([](Tools& tools) -> Task<> {
        co_await tools.fill("t", "0\n");
        ConsumeOptions wish;
        wish.topics = {"t"};
        wish.group = "g";
        wish.from = parse_position("end").value();
        const Ran first = co_await tools.run(wish);
        EXPECT_EQ(first.said, "") << first.complained;
        co_await tools.fill("t", "1\n");
        const Ran second = co_await tools.run(wish);
        EXPECT_EQ(second.said, "1\n") << second.complained;
    });
}

TEST_P(ConsumeTool, ATopicThatIsNotThereIsNotMade) {
    with_tools([](Tools& tools) -> Task<> {
        co_await tools.fill("orders", "");
        ConsumeOptions wish;
        wish.topics = {"ordres"};
        const Ran ran = co_await tools.run(wish);
        EXPECT_EQ(ran.exit, ToolExit::kRefused);
        EXPECT_NE(ran.complained.find("'orders'"), std::string::npos);
        ProduceOptions there;
        there.topic = "ordres";
        const Ran sent = co_await tools.run(there, "x\n");
        EXPECT_EQ(sent.exit, ToolExit::kRefused);
        EXPECT_NE(sent.complained.find("'orders'? (--create makes it)"), std::string::npos)
            << sent.complained;
    });
}

TEST_P(ConsumeTool, APartitionThatIsNotThereIsRefused) {
    with_tools([](Tools& tools) -> Task<> {
        co_await tools.fill("t", "");
        ConsumeOptions wish;
        wish.topics = {"t"};
        wish.partitions = {7};
        const Ran ran = co_await tools.run(wish);
        EXPECT_EQ(ran.exit, ToolExit::kRefused);
        ProduceOptions there;
        there.topic = "t";
        there.partition = 2;
        const Ran sent = co_await tools.run(there, "x\n");
        EXPECT_EQ(sent.exit, ToolExit::kRefused);
        EXPECT_NE(sent.complained.find("2 partitions"), std::string::npos) << sent.complained;
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, ConsumeTool, testing::Values(1, 2));

}  // namespace
}  // namespace millrace
