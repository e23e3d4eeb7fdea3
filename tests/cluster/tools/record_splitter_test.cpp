#include "cluster/tools/record_splitter.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace millrace {
namespace {

using Pieces = std::vector<std::string>;

Pieces split(const std::string& separator, const Pieces& inputs) {
    RecordSplitter splitter(separator);
    Pieces records;
    for (const std::string& each : inputs) {
        splitter.add(each);
        while (const auto record = splitter.next()) records.emplace_back(*record);
    }
    if (const auto rest = splitter.rest()) records.emplace_back(*rest);
    return records;
}

TEST(RecordSplitter, TheLastRecordNeedsNoSeparator) {
    EXPECT_EQ(split("\n", {"a\nb\n"}), (Pieces{"a", "b"}));
    EXPECT_EQ(split("\n", {"a\nb"}), (Pieces{"a", "b"}));
    EXPECT_EQ(split("\n", {""}), Pieces{});
}

TEST(RecordSplitter, EmptyRecordsAreRecords) {
    EXPECT_EQ(split("\n", {"\n\na\n"}), (Pieces{"", "", "a"}));
}

TEST(RecordSplitter, RecordsAndSeparatorsMayComeInPieces) {
    EXPECT_EQ(split("--", {"a", "b-", "-c", "-d--", "-", "-e"}), (Pieces{"ab", "c-d", "", "e"}));
    EXPECT_EQ(split("aab", {"xa", "a", "a", "b", "y"}), (Pieces{"xa", "y"}));
}

TEST(RecordSplitter, EveryCutOfATextGivesTheSameRecords) {
    const std::string text = "one;;two;three;;;;four";
    const Pieces whole = split(";;", {text});
    for (std::size_t first = 0; first <= text.size(); ++first) {
        for (std::size_t second = first; second <= text.size(); ++second) {
            EXPECT_EQ(split(";;", {text.substr(0, first), text.substr(first, second - first),
                                   text.substr(second)}),
                      whole);
        }
    }
}

TEST(RecordSplitter, WhatIsHeldIsOfTheRecordThatHasNoEnd) {
    RecordSplitter splitter("\n");
    splitter.add("one\ntw");
    EXPECT_TRUE(splitter.next());
    EXPECT_FALSE(splitter.next());
    EXPECT_EQ(splitter.held(), 2u);
    splitter.add("o\n");
    EXPECT_TRUE(splitter.next());
    EXPECT_EQ(splitter.held(), 0u);
}

TEST(RecordSplitter, AKeyEndsAtTheFirstSeparator) {
    EXPECT_EQ(split_key("k:v:w", ":").key, "k");
    EXPECT_EQ(split_key("k:v:w", ":").value, "v:w");
    EXPECT_EQ(split_key(":v", ":").key, "");
    EXPECT_FALSE(split_key("v", ":").key);
    EXPECT_EQ(split_key("v", ":").value, "v");
    EXPECT_FALSE(split_key("k:v", std::nullopt).key);
}

}  // namespace
}  // namespace millrace
