#include "cluster/brokerd/tool_args.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

ToolArguments parse(std::vector<const char*> values) {
    values.insert(values.begin(), "millrace");
    return parse_tool_arguments(static_cast<int>(values.size()), values.data());
}

template <class Wish>
Wish wish_of(std::vector<const char*> values) {
    const ToolArguments arguments = parse(std::move(values));
    EXPECT_TRUE(arguments.options) << arguments.text;
    if (!arguments.options) return {};
    return std::get<Wish>(arguments.options->wish);
}

bool is_wrong(std::vector<const char*> values) {
    const ToolArguments arguments = parse(std::move(values));
    return !arguments.options && !arguments.is_help && !arguments.text.empty();
}

TEST(ToolArguments, TheToolsAreKnownByTheirNames) {
    for (const char* const each : {"topics", "groups", "produce", "consume"}) {
        EXPECT_TRUE(names_tool(each));
    }
    EXPECT_FALSE(names_tool("dev"));
    EXPECT_FALSE(names_tool("server.properties"));
}

TEST(ToolArguments, ABrokerOrSeveral) {
    const auto options = parse({"topics"}).options;
    ASSERT_TRUE(options);
    EXPECT_EQ(options->bootstrap, std::vector<Endpoint>({{"127.0.0.1", 9092}}));
    const auto more = parse({"groups", "list", "-b", "a:1,b", "--json"}).options;
    ASSERT_TRUE(more);
    EXPECT_EQ(more->bootstrap, std::vector<Endpoint>({{"a", 1}, {"b", 9092}}));
    EXPECT_TRUE(more->json);
    EXPECT_TRUE(is_wrong({"topics", "-b", "a:b:c"}));
}

TEST(ToolArguments, GroupsHaveWordsOfTheirOwn) {
    using Wish = GroupsOptions::Wish;
    EXPECT_EQ(wish_of<GroupsOptions>({"groups"}).wish, Wish::kList);
    EXPECT_EQ(wish_of<GroupsOptions>({"groups", "describe", "a", "b"}).groups,
              (std::vector<std::string>{"a", "b"}));
    const auto reset = wish_of<GroupsOptions>(
        {"groups", "reset", "g", "--topic", "t", "-p", "0,2", "--to", "-5", "--execute"});
    EXPECT_EQ(reset.wish, Wish::kReset);
    EXPECT_EQ(reset.topics, std::vector<std::string>{"t"});
    EXPECT_EQ(reset.partitions, (std::vector<std::int32_t>{0, 2}));
    EXPECT_EQ(reset.to, (Position{Position::Kind::kBeforeEnd, 5}));
    EXPECT_TRUE(reset.execute);
    EXPECT_TRUE(is_wrong({"groups", "reset", "g"}));
    EXPECT_TRUE(is_wrong({"groups", "reset", "g", "--to", "somewhere"}));
    EXPECT_TRUE(is_wrong({"groups", "delete"}));
}

TEST(ToolArguments, WhatAConsumerReads) {
    const auto wish = wish_of<ConsumeOptions>(
        {"consume", "t", "u", "-p", "1", "--from", "7", "-n", "3", "-f", "-k", "\\t"});
    EXPECT_EQ(wish.topics, (std::vector<std::string>{"t", "u"}));
    EXPECT_EQ(wish.partitions, std::vector<std::int32_t>{1});
    EXPECT_EQ(wish.from, (Position{Position::Kind::kOffset, 7}));
    EXPECT_EQ(wish.count_max, 3);
    EXPECT_TRUE(wish.follow);
    EXPECT_EQ(wish.format.key_separator, "\t");
    EXPECT_EQ(wish.format.separator, "\n");
    EXPECT_TRUE(is_wrong({"consume"}));
    EXPECT_TRUE(is_wrong({"consume", "t", "-n", "0"}));
    EXPECT_TRUE(is_wrong({"consume", "t", "--group", "g", "-p", "1"}));
}

TEST(ToolArguments, WhereAProducerSends) {
    const auto wish = wish_of<ProduceOptions>(
        {"produce", "t", "file", "-", "-z", "zstd", "--acks", "1", "--round-robin", "-k", ":"});
    EXPECT_EQ(wish.topic, "t");
    EXPECT_EQ(wish.files, (std::vector<std::string>{"file", "-"}));
    EXPECT_EQ(wish.sending.codec, Codec::kZstd);
    EXPECT_EQ(wish.sending.acks, 1);
    EXPECT_EQ(wish.rule, Partitioner::Rule::kInTurn);
    EXPECT_EQ(wish.key_separator, ":");
    EXPECT_EQ(wish_of<ProduceOptions>({"produce", "t"}).sending.acks, -1);
    EXPECT_TRUE(is_wrong({"produce"}));
    EXPECT_TRUE(is_wrong({"produce", "t", "--acks", "2"}));
    EXPECT_TRUE(is_wrong({"produce", "t", "-z", "brotli"}));
    EXPECT_TRUE(is_wrong({"produce", "t", "-p", "1", "--round-robin"}));
    EXPECT_TRUE(is_wrong({"produce", "t", "--separator", ""}));
}

TEST(ToolArguments, HelpIsNoMistake) {
    EXPECT_TRUE(parse({"consume", "--help"}).is_help);
    EXPECT_NE(parse({"groups", "reset", "--help"}).text.find("--execute"), std::string::npos);
    EXPECT_TRUE(is_wrong({"topics", "--what"}));
}

}  // namespace
}  // namespace millrace
